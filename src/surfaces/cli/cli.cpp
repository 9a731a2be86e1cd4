// SPDX-License-Identifier: MIT
#include "surfaces/cli/cli.h"

#include "foundation/platform/environment.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/console.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/status.h"

namespace pryx::cli {
namespace {

// The flags that shape output must count even when parsing fails.
ConsoleOptions with_flags(ConsoleOptions options, const GlobalFlags& flags) {
  options.json = flags.json;
  options.quiet = flags.quiet;
  options.verbose = flags.verbose;
  options.no_input = flags.no_input;
  options.assume_yes = flags.assume_yes;
  if (flags.no_color) options.colour = false;
  return options;
}

Result<int> dispatch(Context& context, const CommandSet& commands, const ParsedLine& line) {
  Console& console = context.console();
  switch (line.wanted) {
    case Wanted::kHelp:
      if (line.invocation.command != nullptr)
        console.write_data(commands.help_for(*line.invocation.command));
      else if (!line.help_noun.empty())
        console.write_data(commands.help_for_noun(line.help_noun));
      else
        console.write_data(commands.overview());
      return 0;
    case Wanted::kVersion:
      console.print("pryx " PRYX_VERSION);
      return 0;
    case Wanted::kOverview:
      console.write_data(commands.overview());
      console.print("");
      console.print(status_line(context));
      return 0;
    case Wanted::kRun:
      return line.invocation.command->handler(context, line.invocation);
  }
  return 0;
}

}  // namespace

int run(int argc, char** argv, const CliHooks& hooks) {
  const platform::Environment environment = platform::Environment::capture();
  const CommandSet commands(all_commands());
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const ConsoleOptions detected = detect_console(environment);
  auto line = commands.parse(arguments);
  if (!line) {
    Console console(detected);
    console.print_error(line.error());
    return facts(line.error().code).exit_code;
  }
  Console console(with_flags(detected, line->globals));
  Context context(console, line->globals, environment, hooks, commands);
  const auto code = dispatch(context, commands, *line);
  if (code) return *code;
  console.print_error(code.error());
  return facts(code.error().code).exit_code;
}

}  // namespace pryx::cli
