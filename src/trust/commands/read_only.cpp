// SPDX-License-Identifier: MIT
// Whether a command that was read completely only reads: the shipped list, applied to every word.
#include <algorithm>
#include <array>

#include "trust/commands/internal/command_list.h"
#include "trust/commands/internal/read_checks.h"
#include "trust/commands/shell_grammar.h"

namespace pryx::commands {
namespace {

using internal::Options;
using internal::Program;
using internal::Word;
using Words = std::vector<Word>;

bool is_fd(std::string_view text) {
  return text == "-" || (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos);
}

bool is_harmless(const Redirect& redirect) {
  std::string_view op = redirect.op;
  if (!op.empty() && op[0] >= '0' && op[0] <= '9') op.remove_prefix(1);
  const std::string_view target = redirect.target;
  if (op == "<<" || op == "<<-" || op == "<<<") return true;
  if (op == "<&") return is_fd(target);
  if (op == ">&") return is_fd(target) || target == "/dev/null";
  if (op == "<") {  // bash opens connections for names below /dev/tcp
    return target == "/dev/null" ||
           (target.find("/dev/") == std::string_view::npos && !target.starts_with("dev/"));
  }
  return (op == ">" || op == ">>" || op == ">|" || op == "&>" || op == "&>>") && target == "/dev/null";
}

bool is_harmless(const Assignment& assignment) {
  static constexpr std::array<std::string_view, 7> kNames = {"LANG",    "LANGUAGE", "TZ",  "NO_COLOR",
                                                             "COLUMNS", "LINES",    "TERM"};
  const std::string_view name = assignment.name;
  const std::string_view value = assignment.value;
  if ((name == "PAGER" || name == "GIT_PAGER" || name == "MANPAGER") && value == "cat") return true;
  if (!name.starts_with("LC_") && std::find(kNames.begin(), kNames.end(), name) == kNames.end()) return false;
  return !value.starts_with('/') && value.find("..") == std::string_view::npos &&
         value.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@/+-") ==
             std::string_view::npos;
}

bool is_harmless_wrapper(std::string_view name) {
  if (name == "find" || internal::kind_of(name) == internal::Kind::kShell) return true;
  const Program* wrapper = internal::wrapper_programs().find(name);
  return wrapper != nullptr && wrapper->options.harmless;
}

bool matches_at(const internal::Subcommand& sub, const Words& words, std::size_t at) {
  if (words.size() - at < sub.words.size()) return false;
  for (std::size_t i = 0; i < sub.words.size(); ++i) {
    if (words[at + i].pattern || words[at + i].text != sub.words[i]) return false;
  }
  return true;
}

// The options that hold from `at` on, behind the subcommand's name; null when it is not on the list.
const Options* select(const Program& program, const Words& words, std::size_t& at) {
  if (program.subcommands.empty()) return &program.options;
  while (at < words.size()) {
    const internal::Subcommand* best = nullptr;
    for (const internal::Subcommand& sub : program.subcommands) {
      if (matches_at(sub, words, at) && (best == nullptr || sub.words.size() > best->words.size()))
        best = &sub;
    }
    if (best != nullptr) {
      at += best->words.size();
      return &best->options;
    }
    if (words[at].text.size() < 2 || words[at].text[0] != '-') return nullptr;
    const std::size_t taken = internal::take_option(program.options, words, at);
    if (taken == 0) return nullptr;
    at += taken;
  }
  return nullptr;
}

bool only_reads(const Options& options, const Words& words, std::size_t at, bool open_ended) {
  std::vector<std::string_view> operands;
  bool ended = false;
  bool many = open_ended;  // some operand stands for any number of them
  while (at < words.size()) {
    const Word& word = words[at];
    many = many || word.pattern;
    if (!ended && !options.any && word.text == "--") {
      ended = true;
      ++at;
    } else if (ended || options.any || word.text.size() < 2 || word.text[0] != '-') {
      if (word.leads && !options.any && (!ended || !options.dash_flags.empty())) return false;
      operands.push_back(word.text);
      ++at;
    } else {
      const std::size_t taken = internal::take_option(options, words, at);
      if (taken == 0) return false;
      if (taken == 2) many = many || words[at + 1].pattern;
      if (taken == 2 && words[at + 1].leads) return false;
      at += taken;
    }
  }
  if (options.max_operands != SIZE_MAX && (many || operands.size() > options.max_operands)) return false;
  return std::all_of(options.checks.begin(), options.checks.end(),
                     [&](std::string_view check) { return internal::passes(check, operands, words, many); });
}

// find's -exec clauses are commands of their own.
Words without_clauses(const Words& words) {
  Words out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& text = words[i].text;
    if (text != "-exec" && text != "-execdir" && text != "-ok" && text != "-okdir") {
      out.push_back(words[i]);
      continue;
    }
    const bool asks = text.starts_with("-ok");  // ends at ';' only
    while (i < words.size() && words[i].text != ";" &&
           (asks || words[i].text != "+" || words[i - 1].text != "{}"))
      ++i;
  }
  return out;
}

}  // namespace

bool adds_nothing(const SimpleCommand& command) {
  const auto harmless = [](const auto& item) { return is_harmless(item); };
  return std::all_of(command.redirects.begin(), command.redirects.end(), harmless) &&
         std::all_of(command.environment.begin(), command.environment.end(), harmless) &&
         std::all_of(command.wrappers.begin(), command.wrappers.end(),
                     [](const std::string& name) { return is_harmless_wrapper(name); });
}

bool on_read_only_list(std::string_view program) {
  return internal::read_only_programs().find(internal::listed_name(program)) != nullptr;
}

bool is_read_only(const SimpleCommand& command) {
  if (command.final_argv.empty() || !adds_nothing(command)) return false;
  const Program* program = internal::read_only_programs().find(internal::listed_name(command.final_argv[0]));
  if (program == nullptr) return false;
  Words words;
  for (const std::string& text : command.final_argv) {
    const bool filled = command.open_ended && text.find("{}") != std::string::npos;
    words.push_back({.text = text, .filled = filled});
  }
  for (const std::uint32_t index : command.patterns) {
    Word& word = words[index];
    word.pattern = true;
    word.leads =
        std::string_view("*?[-").find(word.text.empty() ? '*' : word.text[0]) != std::string_view::npos &&
        !word.text.starts_with("--");
  }
  if (program->name == "find") words = without_clauses(words);
  // What xargs adds may be an option; what find puts in for {} begins with the folder it was given.
  const bool by_find = !command.wrappers.empty() && command.wrappers.back() == "find";
  if (command.open_ended && !program->options.any && !(by_find && program->subcommands.empty())) return false;
  std::size_t at = 1;
  const Options* options = select(*program, words, at);
  return options != nullptr && only_reads(*options, words, at, command.open_ended);
}

bool is_read_only(const Parse& parse) {
  return parse.complete && !parse.commands.empty() &&
         std::all_of(parse.commands.begin(), parse.commands.end(),
                     [](const SimpleCommand& command) { return is_read_only(command); });
}

}  // namespace pryx::commands
