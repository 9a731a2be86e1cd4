// SPDX-License-Identifier: MIT
// data/commands/*.txt: which options of which programs only read, how wrappers are taken off, and what runs
// other programs. Built in, read once at first use; immutable.
#pragma once
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "trust/commands/internal/unwrap.h"

namespace pryx::commands::internal {

// What one program or subcommand takes. Long and dashed names are sorted.
struct Options {
  std::bitset<128> flags, values, optionals;  // short options: without, with, and with an optional value
  std::vector<std::string_view> long_flags, long_values, long_optionals;
  std::vector<std::string_view> dash_flags, dash_values;  // -name, as find has them
  bool digits = false;                                    // -20
  bool any = false;                                       // every option only reads
  std::size_t max_operands = SIZE_MAX;
  std::size_t before = 0;                // wrappers: operands in front of the command
  bool assignments = false;              // wrappers: NAME=value in front of the command
  bool harmless = false;                 // wrappers: changes nothing that matters to reading
  std::vector<std::string_view> checks;  // further conditions, by name
};

struct Subcommand {
  std::vector<std::string_view> words;  // "stash list"
  Options options;
};

struct Program {
  std::string_view name;
  Options options;
  std::vector<Subcommand> subcommands;  // when there are any, one of them must be named
};

class ProgramList {
 public:
  // The text is held by the caller for ever.
  [[nodiscard]] static Result<ProgramList> parse(std::string_view text);
  [[nodiscard]] const Program* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Program>& programs() const { return programs_; }

 private:
  std::vector<Program> programs_;  // by name
};

// How a run of options ends.
struct Scan {
  bool ok = false;
  std::size_t next = 0;  // the first word that is no option
  bool ended = false;    // by "--"
};
// Options from words[at] on, up to the first operand.
[[nodiscard]] Scan scan_options(const Options& options, const std::vector<Word>& words, std::size_t at);
// One option at words[at]; 0 when it is none that is known, else how many words it takes.
[[nodiscard]] std::size_t take_option(const Options& options, const std::vector<Word>& words, std::size_t at);

[[nodiscard]] const ProgramList& read_only_programs();
[[nodiscard]] const ProgramList& wrapper_programs();

enum class Kind : std::uint8_t {
  kNone,
  kShell,        // sh, bash: looked through for `-c`
  kInterpreter,  // python, node, awk
  kLauncher,     // runs another program in a form that is not looked through: ssh, parallel, script
  kState,        // shell builtins that change what later commands mean: eval, alias, export
  kOnRequest,    // some option runs another program: git, tar, make
};
// By name without folders and version: "python3.11" is python.
[[nodiscard]] Kind kind_of(std::string_view program);
// The name under which the lists know a word in program position: a bare name, or one in the system's own
// folders; empty for any other path.
[[nodiscard]] std::string_view listed_name(std::string_view program);

}  // namespace pryx::commands::internal
