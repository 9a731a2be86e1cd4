// SPDX-License-Identifier: MIT
// Finds the text that fs.edit replaces, and when it is not there says what is nearest. Pure; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::tools::fs {

enum class HowMany : std::uint8_t { kOne, kAll };

struct Replacement {
  std::string text;        // the whole new text
  std::size_t count = 0;   // places that changed
  bool used_crlf = false;  // old and new text were taken with CRLF line ends, as the file has them
};

// kInvalidArgument with the number of matches and their lines, or with a hint about white space or case.
[[nodiscard]] Result<Replacement> replace_text(std::string_view text, std::string old_text,
                                               std::string new_text, HowMany how_many);

}  // namespace pryx::tools::fs
