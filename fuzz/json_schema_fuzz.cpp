// SPDX-License-Identifier: MIT
// The first line is a schema, the rest an instance. Also the pattern translator, fed with the whole input.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "foundation/schema/ecma_pattern.h"
#include "foundation/schema/schema.h"

using namespace pryx;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto pattern = schema::EcmaPattern::compile(text.substr(0, 200))) (void)pattern->matches(text);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const auto schema_text = json::parse(text.substr(0, end));
  if (!schema_text) return 0;
  const auto schema = schema::Schema::compile(*schema_text);
  if (!schema) {
    if (schema.error().message.empty()) std::abort();
    return 0;
  }
  const auto instance = json::parse(text.substr(std::min(end + 1, text.size())));
  if (!instance) return 0;
  const auto first = schema->validate(*instance, {.steps = 20'000});
  const auto second = schema->validate(*instance, {.steps = 20'000, .max_violations = 1});
  if (first.empty() != second.empty() || first.size() > 20 || second.size() > 1) std::abort();
  return 0;
}
