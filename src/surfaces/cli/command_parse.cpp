// SPDX-License-Identifier: MIT
// From arguments to one checked invocation, through CLI11, which stays inside this file.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <deque>

#include "foundation/base/clock.h"
#include "foundation/base/text.h"
#include "surfaces/cli/command.h"

namespace pryx::cli {
namespace {

// CLI11 takes a word in brackets for a list; a mark before it keeps "[a, b]" one word.
constexpr char kMark = '\x01';
constexpr std::size_t kFarthestGuess = 2;  // edits between what was typed and what is suggested

// Where CLI11 puts what it finds; a deque because it keeps pointers.
struct Slot {
  const Command* command;
  std::string key;
  bool is_switch;
  bool is_positional;
  std::vector<std::string> values;
  std::int64_t count = 0;
};

void add_flag(CLI::App& app, const Command* command, const Flag& flag, std::deque<Slot>& slots) {
  Slot& slot =
      slots.emplace_back(Slot{command, std::string(flag_key(flag)), flag.value.empty(), false, {}, 0});
  if (slot.is_switch) {
    app.add_flag(std::string(flag.name), slot.count);
  } else {
    app.add_option(std::string(flag.name), slot.values)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return false;
    if (argument == "-h" || argument == "--help") return true;
  }
  return false;
}

Result<GlobalFlags> read_globals(const std::deque<Slot>& slots) {
  GlobalFlags globals;
  for (const Slot& slot : slots) {
    if (slot.command != nullptr || (slot.count == 0 && slot.values.empty())) continue;
    if (slot.key == "json") globals.json = true;
    if (slot.key == "quiet") globals.quiet = true;
    if (slot.key == "verbose") globals.verbose = true;
    if (slot.key == "no-color") globals.no_color = true;
    if (slot.key == "no-input") globals.no_input = true;
    if (slot.key == "yes") globals.assume_yes = true;
    if (slot.key == "no-start") globals.no_start = true;
    if (slot.key == "workspace") globals.workspace = slot.values.back();
    if (slot.key == "host") globals.host = slot.values.back();
    if (slot.key == "timeout") {
      auto limit = parse_duration(slot.values.back());
      if (!limit || *limit <= Duration::zero()) {
        return fail(ErrorCode::kInvalidArgument, "--timeout: '{}' is no duration; write 30s, 5m or 2h",
                    slot.values.back());
      }
      globals.timeout = *limit;
    }
  }
  return globals;
}

// The command that the words name, when CLI11 has parsed them.
const Command* find_command(const std::vector<Command>& commands, const CLI::App& root,
                            std::string_view& noun) {
  const auto nouns = root.get_subcommands();
  if (nouns.empty()) return nullptr;
  const auto verbs = nouns.front()->get_subcommands();
  const std::string noun_name = nouns.front()->get_name();
  const std::string verb_name = verbs.empty() ? std::string{} : verbs.front()->get_name();
  const Command* found = nullptr;
  for (const Command& command : commands) {
    if (command.noun != noun_name) continue;
    noun = command.noun;
    if (command.verb == verb_name) found = &command;
  }
  return found;
}

std::string marked(const std::string& argument) {
  return argument.starts_with('[') || argument.starts_with(kMark) ? kMark + argument : argument;
}

std::string unmarked(const std::string& argument) {
  return argument.starts_with(kMark) ? argument.substr(1) : argument;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& choices) {
  std::string_view best;
  std::size_t distance = kFarthestGuess + 1;
  for (std::string_view choice : choices) {
    const std::size_t edits = edit_distance(word, choice);
    const bool is_start = word.size() >= 3 && choice.starts_with(word);
    if (is_start || edits < distance) {
      best = choice;
      distance = is_start ? 0 : edits;
    }
  }
  return best;
}

// Words that other tools use for the same thing.
std::string_view other_spelling(std::string_view word) {
  struct Spelling {
    std::string_view word, ours;
  };
  static constexpr Spelling kSpellings[] = {{"ls", "list"},
                                            {"delete", "rm"},
                                            {"remove", "rm"},
                                            {"del", "rm"},
                                            {"get", "show"},
                                            {"view", "show"},
                                            {"cat", "show"},
                                            {"new", "create"},
                                            {"add", "create"},
                                            {"sessions", "session"},
                                            {"models", "model"},
                                            {"providers", "provider"},
                                            {"secrets", "secret"},
                                            {"tokens", "token"},
                                            {"approvals", "approval"},
                                            {"workspaces", "workspace"},
                                            {"run", "exec"},
                                            {"ask", "exec"},
                                            {"agent", "exec"},
                                            {"approve", "approval"},
                                            {"health", "status"},
                                            {"info", "status"},
                                            {"gateway", "daemon"},
                                            {"login", "open"},
                                            {"dashboard", "open"},
                                            {"ui", "open"},
                                            {"install-service", "daemon"},
                                            {"logs", "daemon"},
                                            {"start", "daemon"},
                                            {"stop", "daemon"},
                                            {"restart", "daemon"}};
  for (const Spelling& spelling : kSpellings) {
    if (spelling.word == word) return spelling.ours;
  }
  return {};
}

}  // namespace

Error CommandSet::unknown_word(std::string_view noun, std::string_view word) const {
  std::vector<std::string_view> choices;
  for (const Command& command : commands_) {
    if (command.hidden || !command.refused.empty()) continue;
    if (noun.empty()) choices.push_back(command.noun);
    if (command.noun == noun) choices.push_back(command.verb);
  }
  std::string_view guess = other_spelling(word);
  if (std::find(choices.begin(), choices.end(), guess) == choices.end()) guess = nearest(word, choices);
  const std::string where = noun.empty() ? std::string("pryx") : fmt::format("pryx {}", noun);
  if (guess.empty())
    return {ErrorCode::kInvalidArgument,
            fmt::format("'{}' is no command of {}; {} --help lists them", word, where, where), -1};
  return {ErrorCode::kInvalidArgument,
          fmt::format("'{}' is no command of {}; did you mean `{} {}`?", word, where, where, guess), -1};
}

Error CommandSet::unknown_flag(const Command* command, std::string_view flag) const {
  std::vector<std::string_view> choices;
  for (const Flag& global : global_flags()) choices.push_back(flag_key(global));
  std::string where = "pryx";
  if (command != nullptr) {
    for (const Flag& own : command->flags) choices.push_back(flag_key(own));
    where = fmt::format("pryx {}{}{}", command->noun, command->verb.empty() ? "" : " ", command->verb);
  }
  const std::string_view name = flag.substr(0, flag.find('='));
  const std::string_view guess =
      name.starts_with("--") ? nearest(name.substr(2), choices) : std::string_view{};
  if (guess.empty())
    return {ErrorCode::kInvalidArgument,
            fmt::format("{} has no flag {}; {} --help lists them", where, name, where), -1};
  return {ErrorCode::kInvalidArgument,
          fmt::format("{} has no flag {}; did you mean --{}?", where, name, guess), -1};
}

Result<ParsedLine> CommandSet::parse(const std::vector<std::string>& arguments) const {
  ParsedLine line;
  if (arguments.empty()) {
    line.wanted = Wanted::kOverview;
    return line;
  }
  std::deque<Slot> slots;
  CLI::App root("Pryx", "pryx");
  root.set_help_flag();
  root.require_subcommand(0, 1);
  for (const Flag& flag : global_flags()) add_flag(root, nullptr, flag, slots);
  const bool wants_help = asks_for_help(arguments);
  std::int64_t ignored = 0;
  std::int64_t version = 0;
  root.add_flag("-h,--help", ignored);
  root.add_flag("--version", version);
  std::map<std::string, CLI::App*, std::less<>> nouns;
  for (const Command& command : commands_) {
    CLI::App*& noun = nouns[std::string(command.noun)];
    if (noun == nullptr) {
      noun = root.add_subcommand(std::string(command.noun))->fallthrough()->require_subcommand(0, 1);
      noun->set_help_flag();
    }
    CLI::App* app = noun;
    if (!command.verb.empty()) {
      app = noun->add_subcommand(std::string(command.verb))->fallthrough();
      app->set_help_flag();
    }
    for (const Flag& flag : command.flags) add_flag(*app, &command, flag, slots);
    for (const Positional& positional : command.positionals) {
      Slot& slot = slots.emplace_back(Slot{&command, std::string(positional.name), false, true, {}, 0});
      auto* option = app->add_option(slot.key, slot.values);
      if (!positional.many) option->expected(1)->allow_extra_args(false);
    }
  }
  try {
    std::vector<std::string> reversed;
    for (auto argument = arguments.rbegin(); argument != arguments.rend(); ++argument)
      reversed.push_back(marked(*argument));
    root.parse(std::move(reversed));
  } catch (const CLI::ExtrasError&) {
    // What nobody took. The first of them says what is wrong.
    std::string_view noun;
    const Command* command = find_command(commands_, root, noun);
    const std::vector<std::string> rest = root.remaining(true);
    const std::string word = rest.empty() ? std::string{} : unmarked(rest.front());
    if (!wants_help) {
      if (word.starts_with('-') && word.size() > 1) return fail(unknown_flag(command, word));
      // That word is most likely the value itself: it is not repeated on a screen or in a log.
      if (command != nullptr && command->noun == "secret") {
        return fail(ErrorCode::kInvalidArgument,
                    "pryx secret {} takes no value as an argument; type it at the prompt or pipe it in",
                    command->verb);
      }
      if (command != nullptr) {
        return fail(ErrorCode::kInvalidArgument,
                    "'{}' is one word too many for pryx {}{}{}; put quotes around text with blanks", word,
                    command->noun, command->verb.empty() ? "" : " ", command->verb);
      }
      return fail(unknown_word(noun, word));
    }
  } catch (const CLI::ParseError& error) {
    if (!wants_help) return fail(ErrorCode::kInvalidArgument, "{}; see pryx --help", error.what());
  }
  PRYX_TRY(line.globals, read_globals(slots));
  std::string_view noun;
  const Command* command = find_command(commands_, root, noun);
  line.invocation.command = command;
  line.help_noun = noun;
  if (wants_help) {
    line.wanted = Wanted::kHelp;
    return line;
  }
  if (version > 0) {
    line.wanted = Wanted::kVersion;
    return line;
  }
  if (command == nullptr) {
    line.wanted = noun.empty() ? Wanted::kOverview : Wanted::kHelp;
    return line;
  }
  if (!command->refused.empty()) return fail(ErrorCode::kInvalidArgument, "{}", command->refused);
  for (Slot& slot : slots) {
    std::ranges::transform(slot.values, slot.values.begin(), unmarked);
    if (slot.command != command || (slot.count == 0 && slot.values.empty())) continue;
    if (slot.is_switch) slot.values.assign(1, "");
    (slot.is_positional ? line.invocation.positionals : line.invocation.values)[slot.key] =
        std::move(slot.values);
  }
  for (const Flag& flag : command->flags) {
    if (!line.invocation.has(flag_key(flag))) continue;
    if (!flag.refused.empty()) return fail(ErrorCode::kInvalidArgument, "{}", flag.refused);
    if (!flag.repeated && line.invocation.values.find(flag_key(flag))->second.size() > 1) {
      return fail(ErrorCode::kInvalidArgument, "--{} is given twice", flag_key(flag));
    }
  }
  for (const Positional& positional : command->positionals) {
    if (positional.required && !line.invocation.has_positional(positional.name)) {
      return fail(ErrorCode::kInvalidArgument, "pryx {}{}{} needs <{}> ({}); see pryx {} --help",
                  command->noun, command->verb.empty() ? "" : " ", command->verb, positional.name,
                  positional.help, command->noun);
    }
  }
  return line;
}

}  // namespace pryx::cli
