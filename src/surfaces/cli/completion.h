// SPDX-License-Identifier: MIT
// Completion for shells, written from the rows of the command line, so that it cannot differ from it. A
// script knows nouns, verbs and flags by itself; for a value it asks `pryx __complete`, which asks the
// daemon. Pure.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "surfaces/cli/command.h"

namespace pryx::cli {

constexpr std::array<std::string_view, 3> kShells = {"bash", "zsh", "fish"};

// kInvalidArgument for a shell that is none of kShells.
[[nodiscard]] Result<std::string> completion_script(const CommandSet& commands, std::string_view shell);

// Where the values of a word come from.
struct ValueSource {
  std::string_view kind;    // "session"; for tests and people
  std::string_view target;  // of the daemon's API; empty: `words` are all there is
  std::string_view value;   // the field of an item that is the word
  std::string_view about;   // the field that says what it is
  std::vector<std::string_view> words = {};
};
// Of the last word of a line (without "pryx"), which may be empty or half written. nullopt: nothing is known,
// or it is a noun, a verb or a flag, which the script knows.
[[nodiscard]] std::optional<ValueSource> value_source(const CommandSet& commands,
                                                      const std::vector<std::string>& words);

}  // namespace pryx::cli
