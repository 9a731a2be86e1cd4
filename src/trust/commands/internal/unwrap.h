// SPDX-License-Identifier: MIT
// Wrappers taken off: from the words of one simple command to what really runs, however many layers deep.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "trust/commands/shell_grammar.h"

namespace pryx::commands::internal {

inline constexpr int kMaxDepth = 12;  // of groups, substitutions and wrappers; people write two or three
inline constexpr std::size_t kMaxCommands = 1000;

struct Word {
  std::string text;      // after quote removal
  bool quoted = false;   // some of it was quoted, so it is no keyword
  bool pattern = false;  // holds an unquoted *, ? or [...]
  bool leads = false;    // a file name that it matches could be read as another option
  bool filled = false;   // holds a place that is filled in at run time (find's and xargs' {})
};

// Where commands go, and the first reason why there may be more of them.
struct Found {
  Parse& parse;
  void incomplete(std::string_view why) {
    if (parse.why_not.empty()) parse.why_not = why;
  }
};

// Adds what `words` runs to the parse: one command, or several for `sh -c` and `find -exec`. `command` holds
// environment and redirects, and argv when it is the text's own command.
void add_command(Found found, SimpleCommand command, std::vector<Word> words, int depth);

// A line of shell inside of another (sh -c, backquotes): its commands inherit wrappers, environment and
// redirects of `outer`.
void add_script(Found found, std::string_view script, const SimpleCommand& outer, int depth);

// Why this text cannot be shown and read as what it is (control and invisible characters, bytes that are no
// UTF-8), or empty.
[[nodiscard]] std::string_view unreadable(std::string_view text);

}  // namespace pryx::commands::internal
