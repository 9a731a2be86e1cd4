// SPDX-License-Identifier: MIT
// Conditions of the read-only list that options alone cannot say, by the names used in read_only.txt.
#pragma once
#include <string_view>
#include <vector>

#include "trust/commands/internal/unwrap.h"

namespace pryx::commands::internal {

// `operands` are the words that are no options, `words` the whole command; `many` when some word stands for
// an unknown number of operands. False for a name that is not known.
[[nodiscard]] bool passes(std::string_view check, const std::vector<std::string_view>& operands,
                          const std::vector<Word>& words, bool many);
[[nodiscard]] bool is_known_check(std::string_view check);
// A sed script whose commands print, delete, substitute and stop, and nothing else.
[[nodiscard]] bool is_reading_sed_script(std::string_view script);

}  // namespace pryx::commands::internal
