// SPDX-License-Identifier: MIT
#include "trust/policy/command_pattern.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::trust {
namespace {

constexpr std::size_t kMaxPatternBytes = 4096;  // a person must be able to read the rule they agree to

bool climbs(std::string_view path) {
  const auto parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return part == ".."; });
}

std::string_view base_name(std::string_view program) { return program.substr(program.rfind('/') + 1); }

}  // namespace

Result<CommandPattern> CommandPattern::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, "command '{}' is no pattern: {}", utf8_prefix(text, 120), why);
  };
  if (text.size() > kMaxPatternBytes) return bad("it is too long");
  CommandPattern pattern;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    Word word;
    bool quoted = false;
    for (; at < text.size() && text[at] != ' '; ++at) {
      const char c = text[at];
      if (c == '\'') {
        const std::size_t end = text.find('\'', at + 1);
        if (end == std::string_view::npos) return bad("a quote is not closed");
        word.text += text.substr(at + 1, end - at - 1);
        quoted = true;
        at = end;
      } else if (c == '\\' && at + 1 < text.size()) {
        word.text += text[++at];
        quoted = true;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return bad("a control character stands outside of quotes");
      } else {
        word.wild = word.wild || c == '*' || c == '?';
        word.text += c;
      }
    }
    if (word.wild && quoted) return bad("a word is either quoted or has wildcards");
    pattern.words_.push_back(std::move(word));
  }
  if (pattern.words_.empty()) return bad("it names no program");
  if (pattern.words_.size() > 1 && pattern.words_.back() == Word{"*", true}) {
    pattern.words_.pop_back();
    pattern.any_rest_ = true;
  }
  return pattern;
}

std::string CommandPattern::exact(const commands::SimpleCommand& command) {
  return commands::quote_words(command.final_argv);
}

bool CommandPattern::only_wildcards() const {
  return std::all_of(
             words_.begin() + 1, words_.end(),
             [](const Word& w) { return w.wild && w.text.find_first_not_of("*?") == std::string::npos; }) &&
         (any_rest_ || words_.size() > 1);
}

Result<> CommandPattern::check_allows() const {
  const Word& program = words_.front();
  if (program.wild || program.text.empty())
    return fail(ErrorCode::kInvalidArgument, "a rule that allows commands names the program exactly");
  if (commands::runs_other_programs(program.text)) {
    return fail(ErrorCode::kInvalidArgument,
                "{} runs other programs; a rule is made for what really runs, never for a shell, an "
                "interpreter or a wrapper",
                program.text);
  }
  if (only_wildcards() &&
      (!commands::on_read_only_list(program.text) || commands::runs_others_on_request(program.text))) {
    return fail(ErrorCode::kInvalidArgument,
                "'{} *' covers everything that {} can do; name at least one argument", program.text,
                program.text);
  }
  return {};
}

bool CommandPattern::covers_word(const Word& word, const std::string& text) const {
  if (!word.wild) return word.text == text;
  if (!glob_match(word.text, text)) return false;
  const bool for_options = word.text.starts_with('-');
  return !climbs(text) && (for_options || !text.starts_with('-'));
}

bool CommandPattern::covers(const commands::SimpleCommand& command) const {
  const auto& argv = command.final_argv;
  if (argv.size() < words_.size() || (!any_rest_ && argv.size() != words_.size())) return false;
  if (command.open_ended || !command.patterns.empty() || !commands::adds_nothing(command)) return false;
  if (!check_allows() || argv[0] != words_[0].text) return false;
  for (std::size_t i = 1; i < words_.size(); ++i) {
    if (!covers_word(words_[i], argv[i])) return false;
  }
  const bool wild =
      any_rest_ || std::any_of(words_.begin(), words_.end(), [](const Word& w) { return w.wild; });
  if (!wild || commands::is_read_only(command)) return true;
  if (only_wildcards()) return false;  // only what reads
  if (!commands::runs_others_on_request(argv[0])) return true;
  // An option or a NAME=value that nobody spelled out could run another program.
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const bool spelled_out = i < words_.size() && !words_[i].wild;
    if (!spelled_out &&
        (argv[i].starts_with('-') || argv[i].starts_with('+') || argv[i].find('=') != std::string::npos))
      return false;
  }
  return true;
}

// The first word is the program, by its name without folders; the others come in order.
bool CommandPattern::concerns_words(std::span<const std::string> words) const {
  if (words.empty()) return false;
  const auto fits = [](const Word& word, std::string_view text) {
    return word.wild ? glob_match(word.text, text) : word.text == text;
  };
  if (!fits(words_[0], words[0]) && !fits(words_[0], base_name(words[0]))) return false;
  std::size_t next = 1;
  for (const std::string& text : words.subspan(1)) {
    if (next < words_.size() && fits(words_[next], text)) ++next;
  }
  return next >= words_.size();
}

bool CommandPattern::concerns(const commands::SimpleCommand& command) const {
  if (concerns_words(command.final_argv)) return true;
  // Words that come at run time, or stand for file names, may be any.
  if ((command.open_ended || !command.patterns.empty()) && !command.final_argv.empty() &&
      program_only().concerns_words(command.final_argv))
    return true;
  // Behind a wrapper, also one that could not be taken off.
  for (std::size_t i = 0; i < command.argv.size(); ++i) {
    if (concerns_words(std::span(command.argv).subspan(i))) return true;
  }
  return words_.size() == 1 &&
         std::any_of(command.wrappers.begin(), command.wrappers.end(),
                     [&](const std::string& name) { return concerns_words(std::span(&name, 1)); });
}

CommandPattern CommandPattern::program_only() const {
  CommandPattern out;
  out.words_ = {words_.front()};
  return out;
}

bool all_covered(std::span<const commands::SimpleCommand> commands,
                 std::span<const CommandPattern> patterns) {
  const bool moves = std::any_of(commands.begin(), commands.end(), [](const commands::SimpleCommand& c) {
    return !c.final_argv.empty() && c.final_argv[0] == "cd";
  });
  return !commands.empty() &&
         std::all_of(commands.begin(), commands.end(), [&](const commands::SimpleCommand& c) {
           if (moves && !c.final_argv.empty() && c.final_argv[0].find('/') != std::string::npos &&
               !c.final_argv[0].starts_with('/'))
             return false;
           return std::any_of(patterns.begin(), patterns.end(),
                              [&](const CommandPattern& p) { return p.covers(c); });
         });
}

}  // namespace pryx::trust
