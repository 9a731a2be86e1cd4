// SPDX-License-Identifier: MIT
// A rule about commands, as people write it: "git log *", "make test", "rm build/*". It is matched word by
// word against what really runs, never against text. Plain values.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "trust/commands/shell_grammar.h"

namespace pryx::trust {

// Words are separated by blanks; '…' keeps a word literal. '*' and '?' in a word are wildcards; "*" alone as
// the last word stands for any further words.
class CommandPattern {
 public:
  [[nodiscard]] static Result<CommandPattern> parse(std::string_view text);
  // The text of a pattern of exactly this command.
  [[nodiscard]] static std::string exact(const commands::SimpleCommand& command);

  // Whether such a rule may allow anything: never shells, interpreters and wrappers, and never a program as a
  // whole, unless the read-only list knows it (then only what reads is covered).
  [[nodiscard]] Result<> check_allows() const;

  // Strict, for what allows: the whole command is what the pattern says, and nothing around it (wrappers,
  // assignments, redirects to files) adds to it.
  [[nodiscard]] bool covers(const commands::SimpleCommand& command) const;
  // Generous, for what denies or asks: the words come in this order, with anything in between and behind;
  // what is not known until run time counts as a match.
  [[nodiscard]] bool concerns(const commands::SimpleCommand& command) const;

  bool operator==(const CommandPattern&) const = default;

 private:
  struct Word {
    std::string text;
    bool wild = false;
    bool operator==(const Word&) const = default;
  };
  [[nodiscard]] bool covers_word(const Word& word, const std::string& text) const;
  [[nodiscard]] bool only_wildcards() const;
  [[nodiscard]] CommandPattern program_only() const;
  [[nodiscard]] bool concerns_words(std::span<const std::string> words) const;

  std::vector<Word> words_;
  bool any_rest_ = false;  // "*" stood at the end
};

// Every command is covered by one of the patterns, and there is at least one. A program given by a path of
// its own is not covered behind a `cd`.
[[nodiscard]] bool all_covered(std::span<const commands::SimpleCommand> commands,
                               std::span<const CommandPattern> patterns);

}  // namespace pryx::trust
