// SPDX-License-Identifier: MIT
// What a shell command would run, read by a grammar and never by guessing: either the complete list of its
// simple commands, or the reason why there may be more. Pure; any thread.
//
// A complete parse holds for `sh -c` and `bash -c` alike, not interactive, started with an environment that
// the caller made from nothing (no BASH_ENV, IFS, exported functions) and a PATH whose folders the command
// cannot write. What the two shells read differently is not complete.
#pragma once
#include <cstdint>
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
  std::vector<std::string> argv;  // after quote removal; every word is literal or a file name pattern, or the
                                  // parse is incomplete
  std::vector<Assignment> environment;  // NAME=value in front of it, or given to it by env or sudo
  std::vector<Redirect> redirects;
  // What really runs: argv with wrappers (env, nice, timeout, xargs, sudo…) taken off, layer by layer. Empty
  // when that cannot be told; then the parse is incomplete. What `sh -c` or `find -exec` runs is a command of
  // its own.
  std::vector<std::string> final_argv;
  std::vector<std::string>
      wrappers;  // names of what was taken off, outermost first; "sh", "find" for the above
  // Indices of words in final_argv that the shell replaces by the names of files that match.
  std::vector<std::uint32_t> patterns;
  // Words are added or filled in at run time (xargs, find's {}): final_argv is only how it begins.
  bool open_ended = false;
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
[[nodiscard]] bool is_read_only(const SimpleCommand& command);
// What stands around the program (wrappers, assignments, redirects) changes nothing that matters: no file is
// written, no rights are gained, no variable moves what runs.
[[nodiscard]] bool adds_nothing(const SimpleCommand& command);
[[nodiscard]] bool on_read_only_list(std::string_view program);
// Shells, interpreters and wrappers: "always" may not be granted for these, whatever the arguments.
[[nodiscard]] bool runs_other_programs(std::string_view program);
// Programs that some option or operand makes run another program or write anywhere (git, tar, make, ssh…): a
// wildcard may not stand for their options.
[[nodiscard]] bool runs_others_on_request(std::string_view program);

// What a command that is_read_only() runs with: pagers are cat, and git runs no monitor, hook, transport or
// signature program that a repository's own configuration names. What has names of the repository's choice
// (textconv, external diffs, filters) cannot be switched off from here: such a command also gets its
// workspace without writes.
[[nodiscard]] const std::vector<Assignment>& quiet_environment();

// The words as shell text that parse_shell() reads back as the same words.
[[nodiscard]] std::string quote_words(const std::vector<std::string>& words);

}  // namespace pryx::commands
