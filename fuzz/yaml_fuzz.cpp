// SPDX-License-Identifier: MIT
// Any text either fails with a message or gives a bounded document whose lines lie inside the text.
#include <algorithm>
#include <cstdlib>

#include "foundation/base/text.h"
#include "foundation/config/config_file.h"
#include "foundation/config/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document =
      pryx::config::parse_yaml(text, {.max_bytes = 64u << 10, .max_depth = 16, .max_values = 2'000});
  if (!document) {
    if (document.error().message.empty() || !pryx::is_valid_utf8(document.error().message)) std::abort();
    return 0;
  }
  const auto last =
      static_cast<int>(std::ranges::count_if(text, [](char c) { return c == '\n' || c == '\r'; })) + 3;
  if (document->lines.size() > 2'000) std::abort();
  for (const auto& [pointer, line] : document->lines) {
    if (line < 1 || line > last) std::abort();
  }
  static_cast<void>(pryx::config::parse_config_file(text));
  return 0;
}
