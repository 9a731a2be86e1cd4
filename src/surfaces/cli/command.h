// SPDX-License-Identifier: MIT
// What a command is: a row of words, flags, examples and a function. Parsing, help, completion and "did you
// mean" all come from these rows; the rows come from one function per noun in commands/. Values; main thread.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace pryx::cli {

class Context;
class Invocation;

struct Flag {
  std::string_view name;   // "--session", or "-s,--session"
  std::string_view value;  // "ID"; empty: a switch
  std::string_view help;
  bool repeated = false;
  std::string_view refused = {};  // the contract knows it, this build does not: what to say
};

struct Positional {
  std::string_view name;  // "id"
  std::string_view help;
  bool required = true;
  bool many = false;  // takes the rest of the line
};

// The exit code, or the Error to print.
using Handler = Result<int> (*)(Context& context, const Invocation& invocation);

struct Command {
  std::string_view noun;
  std::string_view verb;  // empty: the noun is the command
  std::string_view summary;
  std::vector<std::string_view> examples;  // without the leading "pryx "
  std::vector<Flag> flags;
  std::vector<Positional> positionals;
  Handler handler = nullptr;
  bool hidden = false;
  std::string_view refused = {};  // the contract knows it, this build does not: what to say
};

// The long name of a flag without dashes.
[[nodiscard]] std::string_view flag_key(const Flag& flag);

// What the user typed for one command, checked against its row.
class Invocation {
 public:
  const Command* command = nullptr;
  std::map<std::string, std::vector<std::string>, std::less<>>
      values;  // by flag_key; a switch that is on has one empty value
  std::map<std::string, std::vector<std::string>, std::less<>> positionals;  // by name

  [[nodiscard]] bool has(std::string_view flag) const { return values.find(flag) != values.end(); }
  [[nodiscard]] std::optional<std::string> find(std::string_view flag) const;
  [[nodiscard]] std::string value_or(std::string_view flag, std::string_view fallback) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view flag) const;
  [[nodiscard]] std::string positional(
      std::string_view name) const;  // several words joined by blanks; empty when absent
  [[nodiscard]] bool has_positional(std::string_view name) const {
    return positionals.find(name) != positionals.end();
  }
  // A number in a range, for --limit and its kind.
  [[nodiscard]] Result<std::optional<std::int64_t>> find_integer(std::string_view flag, std::int64_t lowest,
                                                                 std::int64_t highest) const;
};

struct GlobalFlags {
  bool json = false, quiet = false, verbose = false, no_color = false, no_input = false, assume_yes = false,
       no_start = false;
  std::string workspace;  // empty: the current directory
  std::string host;       // empty: the local daemon
  std::optional<Duration> timeout;
};

enum class Wanted : std::uint8_t { kRun, kHelp, kVersion, kOverview };

struct ParsedLine {
  Wanted wanted = Wanted::kRun;
  GlobalFlags globals;
  Invocation invocation;       // kRun; for kHelp command may be null
  std::string_view help_noun;  // kHelp for a noun
};

class CommandSet {
 public:
  explicit CommandSet(std::vector<Command> commands) : commands_(std::move(commands)) {}
  [[nodiscard]] Result<ParsedLine> parse(const std::vector<std::string>& arguments) const;
  [[nodiscard]] std::string help_for(const Command& command) const;
  [[nodiscard]] std::string help_for_noun(std::string_view noun) const;
  [[nodiscard]] std::string overview() const;
  [[nodiscard]] const std::vector<Command>& commands() const { return commands_; }

 private:
  [[nodiscard]] Error unknown_word(std::string_view noun, std::string_view word) const;
  [[nodiscard]] Error unknown_flag(const Command* command, std::string_view flag) const;
  std::vector<Command> commands_;
};

[[nodiscard]] const std::vector<Flag>& global_flags();

}  // namespace pryx::cli
