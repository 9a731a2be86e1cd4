// SPDX-License-Identifier: MIT
#include "surfaces/cli/cli.h"

#include <algorithm>

#include "foundation/platform/environment.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/console.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/status.h"

namespace pryx::cli {
namespace {

ConsoleOptions with_flags(ConsoleOptions options, const GlobalFlags& flags) {
  options.json = flags.json;
  options.quiet = flags.quiet;
  options.verbose = flags.verbose;
  options.no_input = flags.no_input;
  options.assume_yes = flags.assume_yes;
  if (flags.no_color) options.colour = false;
  return options;
}

// How an error looks is said by a flag that counts although the rest of the line cannot be read.
ConsoleOptions for_unread_line(ConsoleOptions options, const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  if (std::find(arguments.begin(), end, "--no-color") != end) options.colour = false;
  return options;
}

void show_help(Console& console, const std::string& text) {
  if (console.options().json)
    console.print_json({{"text", text}});
  else
    console.write_data(text);
}

Result<int> dispatch(Context& context, const CommandSet& commands, const ParsedLine& line) {
  Console& console = context.console();
  switch (line.wanted) {
    case Wanted::kHelp:
      if (line.invocation.command != nullptr)
        show_help(console, commands.help_for(*line.invocation.command));
      else if (!line.help_noun.empty())
        show_help(console, commands.help_for_noun(line.help_noun));
      else
        show_help(console, commands.overview());
      return 0;
    case Wanted::kVersion:
      if (console.options().json)
        console.print_json({{"version", PRYX_VERSION}});
      else
        console.print("pryx " PRYX_VERSION);
      return 0;
    case Wanted::kOverview:
      show_help(console, commands.overview());
      if (console.options().json) return 0;
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
    Console console(for_unread_line(detected, arguments));
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
