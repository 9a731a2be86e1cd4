// SPDX-License-Identifier: MIT
// What a shell command would run, read by a grammar and never by guessing: either the complete list of its
// simple commands, or the reason why there may be more. Pure; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::commands {

struct Assignment {
  std::string name;
  std::string value;
  bool operator==(const Assignment&) const = default;
};

struct Redirect {
  std::string op;      // ">", ">>", "<", "2>", "&>"…
  std::string target;  // literal; of a here-document its text
  bool operator==(const Redirect&) const = default;
};

struct SimpleCommand {
  std::vector<std::string> argv;  // after quote removal; every word is literal, or the parse is incomplete
  std::vector<Assignment> environment;  // NAME=value in front of it
  std::vector<Redirect> redirects;
  // What really runs: argv with wrappers (env, nice, timeout, xargs, sudo…) taken off, layer by layer. Empty
  // when that cannot be told; then the parse is incomplete.
  std::vector<std::string> final_argv;
  bool operator==(const SimpleCommand&) const = default;
};

struct Parse {
  bool complete = false;
  std::string why_not;                  // for people, when it is not complete
  std::vector<SimpleCommand> commands;  // in order of the text; of an incomplete parse, those that were found
};

inline constexpr std::size_t kMaxCommandBytes = 128u << 10;

// The `command` form: a line of shell.
[[nodiscard]] Parse parse_shell(std::string_view command);
// The `argv` form: one command, no shell in between; wrappers and `sh -c` are still looked through.
[[nodiscard]] Parse parse_argv(const std::vector<std::string>& argv);

// Every simple command is on the shipped read-only list with arguments that only read, no redirect writes a
// file, and no assignment changes how a program behaves. False for an incomplete parse.
[[nodiscard]] bool is_read_only(const Parse& parse);
// Shells, interpreters and wrappers: "always" may not be granted for these, whatever the arguments.
[[nodiscard]] bool runs_other_programs(std::string_view program);

}  // namespace pryx::commands
