// SPDX-License-Identifier: MIT
#include "surfaces/cli/command.h"

#include <algorithm>
#include <charconv>

namespace pryx::cli {
namespace {

constexpr std::size_t kHelpColumn = 30;

void add_entry(std::string& out, std::string_view left, std::string_view right) {
  out += fmt::format("  {:<{}}", left, kHelpColumn);
  if (left.size() >= kHelpColumn) out += fmt::format("\n  {:<{}}", "", kHelpColumn);
  out += fmt::format("{}\n", right);
}

std::string flag_left(const Flag& flag) {
  std::string name(flag.name);
  if (const std::size_t comma = name.find(','); comma != std::string::npos) name.insert(comma + 1, " ");
  return flag.value.empty() ? name : fmt::format("{} {}", name, flag.value);
}

void add_globals(std::string& out) {
  out += "\nGlobal flags:\n";
  for (const Flag& flag : global_flags()) add_entry(out, flag_left(flag), flag.help);
  add_entry(out, "-h, --help", "this text");
}

}  // namespace

const std::vector<Flag>& global_flags() {
  static const std::vector<Flag> flags = {
      {"--json", "", "print the API's own JSON; one object a line where a command streams"},
      {"-q,--quiet", "", "no messages besides errors"},
      {"-v,--verbose", "", "say what is done"},
      {"--no-color", "", "no colours (as does NO_COLOR)"},
      {"--no-input", "", "never ask; fail instead"},
      {"-y,--yes", "", "answer Pryx's own questions with yes; never an approval"},
      {"-w,--workspace", "DIR", "work in this directory instead of the current one"},
      {"--timeout", "D", "give up after this time: 30s, 5m"},
      {"--host", "URL", "another daemon, http://127.0.0.1:PORT; the token comes from PRYX_TOKEN"},
      {"--no-start", "", "do not start the daemon when none runs"},
  };
  return flags;
}

std::string_view flag_key(const Flag& flag) {
  std::string_view name = flag.name;
  if (const std::size_t comma = name.find(','); comma != std::string_view::npos)
    name.remove_prefix(comma + 1);
  while (name.starts_with('-')) name.remove_prefix(1);
  return name;
}

std::optional<std::string> Invocation::find(std::string_view flag) const {
  const auto found = values.find(flag);
  if (found == values.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::string Invocation::value_or(std::string_view flag, std::string_view fallback) const {
  auto value = find(flag);
  return value ? std::move(*value) : std::string(fallback);
}

std::vector<std::string> Invocation::all(std::string_view flag) const {
  const auto found = values.find(flag);
  return found == values.end() ? std::vector<std::string>{} : found->second;
}

std::string Invocation::positional(std::string_view name) const {
  const auto found = positionals.find(name);
  if (found == positionals.end()) return {};
  std::string joined;
  for (const std::string& word : found->second) joined += joined.empty() ? word : " " + word;
  return joined;
}

Result<std::optional<std::int64_t>> Invocation::find_integer(std::string_view flag, std::int64_t lowest,
                                                             std::int64_t highest) const {
  const auto text = find(flag);
  if (!text) return std::optional<std::int64_t>{};
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (problem != std::errc{} || end != text->data() + text->size() || value < lowest || value > highest) {
    return fail(ErrorCode::kInvalidArgument, "--{}: '{}' is no number from {} to {}", flag, *text, lowest,
                highest);
  }
  return value;
}

std::string CommandSet::help_for(const Command& command) const {
  std::string name = fmt::format("pryx {}{}{}", command.noun, command.verb.empty() ? "" : " ", command.verb);
  std::string out = fmt::format("{}: {}\n", name, command.summary);
  if (!command.refused.empty()) return out + fmt::format("\n{}\n", command.refused);
  if (!command.examples.empty()) {
    out += "\nExamples:\n";
    for (std::string_view example : command.examples) out += fmt::format("  pryx {}\n", example);
  }
  out += fmt::format("\nUsage:\n  {}", name);
  for (const Positional& positional : command.positionals) {
    const std::string dots = positional.many ? "…" : "";
    out += positional.required ? fmt::format(" <{}>{}", positional.name, dots)
                               : fmt::format(" [{}]{}", positional.name, dots);
  }
  out += " [flags]\n";
  if (!command.positionals.empty()) {
    out += "\nArguments:\n";
    for (const Positional& positional : command.positionals)
      add_entry(out, fmt::format("<{}>", positional.name), positional.help);
  }
  if (!command.flags.empty()) {
    out += "\nFlags:\n";
    for (const Flag& flag : command.flags) {
      if (flag.refused.empty()) add_entry(out, flag_left(flag), flag.help);
    }
  }
  add_globals(out);
  return out;
}

std::string CommandSet::help_for_noun(std::string_view noun) const {
  std::string examples;
  std::string verbs;
  for (const Command& command : commands_) {
    if (command.noun != noun || command.hidden || !command.refused.empty()) continue;
    for (std::string_view example : command.examples) examples += fmt::format("  pryx {}\n", example);
    add_entry(verbs, fmt::format("pryx {} {}", noun, command.verb), command.summary);
  }
  if (verbs.empty()) {
    for (const Command& command : commands_) {
      if (command.noun == noun && !command.refused.empty())
        return fmt::format("pryx {}\n\n{}\n", noun, command.refused);
    }
  }
  std::string out = fmt::format("pryx {}\n\nExamples:\n{}\nCommands:\n{}", noun, examples, verbs);
  add_globals(out);
  return out;
}

std::string CommandSet::overview() const {
  std::string out =
      "Pryx: an agent on your own machine that does nothing without a decision and a record.\n"
      "\nExamples:\n"
      "  pryx exec \"list the files in src\"      one task, then the answer\n"
      "  pryx chat                              a conversation\n"
      "  pryx approval list                     what waits for your answer\n"
      "  pryx open                              the Control Center in the browser\n"
      "\nCommands:\n";
  std::vector<std::string_view> seen;
  for (const Command& command : commands_) {
    if (command.hidden || !command.refused.empty()) continue;
    if (std::find(seen.begin(), seen.end(), command.noun) != seen.end()) continue;
    seen.push_back(command.noun);
    std::string verbs;
    for (const Command& other : commands_) {
      if (other.noun == command.noun && !other.hidden && other.refused.empty() && !other.verb.empty()) {
        verbs += verbs.empty() ? std::string(other.verb) : fmt::format(" {}", other.verb);
      }
    }
    add_entry(out, command.noun, verbs.empty() ? std::string(command.summary) : verbs);
  }
  add_globals(out);
  return out;
}

}  // namespace pryx::cli
