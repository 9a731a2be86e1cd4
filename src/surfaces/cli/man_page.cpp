// SPDX-License-Identifier: MIT
#include "surfaces/cli/man_page.h"

#include <algorithm>

#include "foundation/base/text.h"
#include "foundation/config/settings.h"

namespace pryx::cli {
namespace {

// Text that man(7) shows as it is: no requests, no escapes, minus signs that can be copied.
std::string roff(std::string_view text) {
  std::string out;
  bool at_line_start = true;
  for (const char c : text) {
    if (at_line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    at_line_start = c == '\n';
  }
  return out;
}

bool is_offered(const Command& command) { return !command.hidden && command.refused.empty(); }

std::string header(std::string_view name, std::string_view version, std::string_view summary) {
  return fmt::format(".TH \"{}\" \"1\" \"\" \"Pryx {}\" \"Pryx\"\n.SH NAME\n{} \\- {}\n", roff(name), version,
                     roff(name), roff(summary));
}

std::string synopsis(const Command& command) {
  std::string out = fmt::format(".B pryx {}{}{}\n", roff(command.noun), command.verb.empty() ? "" : " ",
                                roff(command.verb));
  if (!command.flags.empty()) out += ".RI [ flags ]\n";
  for (const Positional& positional : command.positionals) {
    const std::string name = roff(positional.name) + (positional.many ? " ..." : "");
    out += positional.required ? fmt::format(".I \"{}\"\n", name) : fmt::format(".RI [ \"{}\" ]\n", name);
  }
  return out;
}

std::string flag_list(const std::vector<Flag>& flags) {
  std::string out;
  for (const Flag& flag : flags) {
    if (!flag.refused.empty()) continue;
    std::string name;
    for (const std::string_view spelling : split(flag.name, ',')) {
      if (!name.empty()) name += ", ";
      name += roff(spelling);
    }
    out += flag.value.empty() ? fmt::format(".TP\n.B {}\n", name)
                              : fmt::format(".TP\n.BI \"{} \" {}\n", name, roff(flag.value));
    out += roff(flag.help) + "\n";
  }
  return out;
}

std::string command_section(const Command& command) {
  std::string out = fmt::format(".SS pryx {}{}{}\n{}\n.PP\n", roff(command.noun),
                                command.verb.empty() ? "" : " ", roff(command.verb), roff(command.summary));
  out += synopsis(command);
  for (const Positional& positional : command.positionals)
    out += fmt::format(".TP\n.I {}\n{}\n", roff(positional.name), roff(positional.help));
  out += flag_list(command.flags);
  if (command.examples.empty()) return out;
  out += ".PP\nExamples:\n.PP\n.nf\n.RS\n";
  for (const std::string_view example : command.examples) out += "pryx " + roff(example) + "\n";
  return out + ".RE\n.fi\n";
}

ManPage noun_page(const CommandSet& commands, std::string_view noun, std::string_view version) {
  std::string summary;
  std::string synopses;
  std::string sections;
  for (const Command& command : commands.commands()) {
    if (command.noun != noun || !is_offered(command)) continue;
    if (!command.verb.empty())
      summary += (summary.empty() ? "" : ", ") + std::string(command.verb);
    else
      summary = command.summary;
    synopses += synopsis(command) + ".br\n";
    sections += command_section(command);
  }
  const std::string name = fmt::format("pryx-{}", noun);
  const std::string lines = fmt::format(".SH SYNOPSIS\n{}.SH COMMANDS\n{}", synopses, sections);
  return {name + ".1", header(name, version, summary) + lines +
                           ".SH SEE ALSO\n.BR pryx (1),\nwhich has the flags of every command, exit codes "
                           "and environment.\n"};
}

std::string environment_section() {
  struct Variable {
    std::string_view name, help;
  };
  static constexpr Variable kVariables[] = {{"PRYX_MODEL", "the model of one command, as provider/model"},
                                            {"PRYX_HOME", "one folder for all that Pryx keeps"},
                                            {"PRYX_TOKEN", "the token for --host"},
                                            {"PRYX_TUI_PLAIN", "as pryx chat --plain"},
                                            {"NO_COLOR", "as --no-color"},
                                            {"VISUAL, EDITOR", "what edits files"}};
  std::string out = ".SH ENVIRONMENT\n";
  const auto add = [&out](std::string_view name, std::string_view help) {
    out += fmt::format(".TP\n.B {}\n{}\n", roff(name), roff(help));
  };
  for (const Variable& variable : kVariables) add(variable.name, variable.help);
  for (const config::Setting& setting : config::settings()) {
    if (!setting.environment.empty()) add(setting.environment, fmt::format("the setting {}", setting.key));
  }
  return out;
}

}  // namespace

std::vector<ManPage> man_pages(const CommandSet& commands, std::string_view version) {
  std::vector<std::string_view> nouns;
  std::string overview = header("pryx", version, "an agent on your own machine");
  overview += ".SH SYNOPSIS\n.B pryx\n.I command\n.RI [ flags ]\n.SH COMMANDS\n";
  for (const Command& command : commands.commands()) {
    if (!is_offered(command)) continue;
    if (std::ranges::find(nouns, command.noun) == nouns.end()) nouns.push_back(command.noun);
    overview += fmt::format(".TP\n.B pryx {}{}{}\n{}\n", roff(command.noun), command.verb.empty() ? "" : " ",
                            roff(command.verb), roff(command.summary));
  }
  overview += ".SH FLAGS OF EVERY COMMAND\n" + flag_list(global_flags());
  overview +=
      ".SH EXIT STATUS\n0 done, 1 failed, 2 usage, 3 a check failed, 4 login needed, 5 conflict, 6 not "
      "found, 7 denied,\n"
      "8 not reachable, 9 timed out, 10 budget, 130 and 143 ended by a signal.\n";
  overview += environment_section();
  overview += ".SH SEE ALSO\n";
  for (std::size_t i = 0; i < nouns.size(); ++i)
    overview += fmt::format(".BR pryx\\-{} (1){}\n", roff(nouns[i]), i + 1 < nouns.size() ? "," : "");
  std::vector<ManPage> pages = {{"pryx.1", std::move(overview)}};
  for (const std::string_view noun : nouns) pages.push_back(noun_page(commands, noun, version));
  return pages;
}

}  // namespace pryx::cli
