// SPDX-License-Identifier: MIT
// pryx help and pryx completion: what the rows of the command line say about themselves.
#include "foundation/base/text.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/completion.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

// The error that the words themselves would have caused, with its suggestion.
Error refusal_of(const CommandSet& commands, const std::vector<std::string>& words) {
  const auto line = commands.parse(words);
  if (!line) return line.error();
  return {ErrorCode::kInvalidArgument, fmt::format("'{}' is no command; pryx help lists them", words.back()),
          -1};
}

int show(Context& context, const std::string& text) {
  if (context.wants_json())
    context.console().print_json({{"text", text}});
  else
    context.console().write_data(text);
  return 0;
}

Result<int> run_help(Context& context, const Invocation& invocation) {
  const CommandSet& commands = context.commands();
  const auto given = invocation.positionals.find("command");
  if (given == invocation.positionals.end()) {
    return show(context, commands.overview());
  }
  const std::vector<std::string>& words = given->second;
  const std::string verb = words.size() > 1 ? words[1] : std::string();
  bool has_noun = false;
  bool has_verbs = false;
  for (const Command& command : commands.commands()) {
    if (command.hidden || command.noun != words[0]) continue;
    has_noun = true;
    has_verbs = has_verbs || !command.verb.empty();
    if (command.verb == verb && words.size() <= 2) {
      return show(context, commands.help_for(command));
    }
  }
  if (!has_noun) return fail(refusal_of(commands, {words[0]}));
  if (words.size() > 1) {
    if (has_verbs && words.size() == 2) return fail(refusal_of(commands, words));
    return fail(ErrorCode::kInvalidArgument, "'{}' is one word too many for pryx help", words.back());
  }
  return show(context, commands.help_for_noun(words[0]));
}

Result<int> run_completion(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::string script, completion_script(context.commands(), invocation.positional("shell")));
  if (context.wants_json())
    context.console().print_json({{"shell", invocation.positional("shell")}, {"script", script}});
  else
    context.console().write_data(script);
  return 0;
}

}  // namespace

std::vector<Command> help_commands() {
  return {{.noun = "help",
           .summary = "what a command does and takes; the same as --help behind it",
           .examples = {"help", "help session", "help session show"},
           .positionals = {{"command", "its words; none: the overview", false, true}},
           .handler = run_help},
          {.noun = "completion",
           .summary = "a script that completes commands and flags in your shell",
           .examples = {"completion bash", "completion zsh", "completion fish"},
           .positionals = {{"shell", "bash, zsh or fish"}},
           .handler = run_completion}};
}

}  // namespace pryx::cli
