// SPDX-License-Identifier: MIT
// Replacing and diffing text: file contents and a model's words, both foreign. The first byte splits the
// input.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/tools/fs/text_diff.h"
#include "engine/tools/fs/text_match.h"
#include "foundation/base/text.h"
#include "trust/sandbox/protected_names.h"

using namespace pryx::tools::fs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view text = all.substr(0, all.size() * data[0] / 255);
  const std::string_view rest = all.substr(text.size());
  const std::string_view old_text = rest.substr(0, rest.size() * data[1] / 255);
  const std::string_view new_text = rest.substr(old_text.size());
  const auto replaced = replace_text(text, std::string(old_text), std::string(new_text),
                                     data[0] % 2 == 0 ? HowMany::kOne : HowMany::kAll);
  if (replaced && replaced->count == 0) std::abort();
  const TextDiff diff = diff_texts(text, replaced ? std::string_view(replaced->text) : rest);
  if (!pryx::is_valid_utf8(diff.text)) std::abort();
  if (diff.text.size() > DiffLimits{}.max_bytes + 200) std::abort();
  if (diff.text.empty() != (text == (replaced ? std::string_view(replaced->text) : rest))) std::abort();
  (void)pryx::sandbox::is_protected(text);
  return 0;
}
