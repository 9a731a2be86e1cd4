// SPDX-License-Identifier: MIT
#include "trust/commands/internal/unwrap.h"

#include <algorithm>
#include <array>
#include <utility>

#include "foundation/base/text.h"
#include "trust/commands/internal/command_list.h"
#include "trust/commands/internal/reader.h"

namespace pryx::commands::internal {
namespace {

using Words = std::vector<Word>;

constexpr int kMaxLayers = 16;  // wrappers around one program; people write two

bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals != std::string_view::npos && equals > 0;
}

// Takes wrappers off one command's words, one layer a turn.
class Unwrapper {
 public:
  Unwrapper(Found found, SimpleCommand command, Words words, int depth)
      : found_(found), command_(std::move(command)), words_(std::move(words)), depth_(depth) {}

  void run() {
    for (int layer = 0; layer < kMaxLayers; ++layer) {
      switch (peel()) {
        case Step::kFinal:
          finish();
          return;
        case Step::kHandedOn:
          return;
        case Step::kUnknown:
          keep();
          return;
        case Step::kPeeled:
          break;
      }
    }
    found_.incomplete("too many wrappers around one program");
    keep();
  }

 private:
  enum class Step : std::uint8_t {
    kFinal,     // words_ is what runs
    kPeeled,    // one layer less
    kHandedOn,  // others run, and have been added
    kUnknown,   // it cannot be told; said why
  };

  Step unknown(std::string_view why) {
    found_.incomplete(why);
    return Step::kUnknown;
  }
  Step peel();
  Step peel_state(std::string_view name);
  Step peel_listed(const Program& wrapper);
  Step peel_env(const Program& wrapper);
  Step peel_xargs(const Program& wrapper);
  Step peel_shell();
  Step peel_find();
  Step peel_joined(std::size_t at);
  Step peel_command(const Program& wrapper);
  bool take_assignments(std::size_t& at);
  Step cut(std::size_t at, std::string_view name);
  void finish();
  void keep();  // among those that were found, without what really runs
  [[nodiscard]] bool has_pattern(std::size_t end) const {
    return std::any_of(words_.begin(),
                       words_.begin() + static_cast<std::ptrdiff_t>(std::min(end, words_.size())),
                       [](const Word& w) { return w.pattern || w.filled; });
  }

  Found found_;
  SimpleCommand command_;
  Words words_;
  int depth_;
};

void Unwrapper::keep() {
  command_.final_argv.clear();
  command_.patterns.clear();
  found_.parse.commands.push_back(std::move(command_));
}

void Unwrapper::finish() {
  const Program* listed = read_only_programs().find(listed_name(words_[0].text));
  const bool any_option = listed != nullptr && listed->options.any;
  bool ended = false;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const Word& word = words_[i];
    ended = ended || (i > 0 && word.text == "--" && !word.pattern);
    if (word.pattern) {
      command_.patterns.push_back(static_cast<std::uint32_t>(i));
      if (word.leads && !ended && !any_option)
        found_.incomplete(
            "a file name that matches the pattern could be read as an option; write ./ or -- in front");
    }
    command_.open_ended = command_.open_ended || word.filled;
    command_.final_argv.push_back(word.text);
  }
  found_.parse.commands.push_back(std::move(command_));
}

Unwrapper::Step Unwrapper::peel() {
  if (words_.empty()) return unknown("a wrapper runs a program that is not named");
  if (words_[0].pattern || words_[0].filled) return unknown("the program's name is not literal");
  if (words_[0].text.empty()) return unknown("the program's name is empty");
  const std::string_view program = words_[0].text;
  const std::string_view name = listed_name(program);
  const Kind kind = kind_of(program);
  const Program* wrapper =
      wrapper_programs().find(name.empty() ? program.substr(program.rfind('/') + 1) : name);
  if (name.empty()) {
    if (wrapper != nullptr || kind == Kind::kShell || kind == Kind::kLauncher)
      return unknown("a program of one's own has the name of one that runs others");
    return Step::kFinal;
  }
  if (name == "find") return peel_find();
  if (kind == Kind::kState) return unknown(fmt::format("{} changes what later commands mean", name));
  if (kind == Kind::kShell) return peel_shell();
  if (kind == Kind::kLauncher)
    return unknown(fmt::format("{} runs another program in a way that is not looked through", name));
  if (wrapper == nullptr) return Step::kFinal;
  if (name == "env") return peel_env(*wrapper);
  if (name == "xargs") return peel_xargs(*wrapper);
  if (name == "command") return peel_command(*wrapper);
  return peel_listed(*wrapper);
}

// Drops the words before `at`, which belong to the wrapper.
Unwrapper::Step Unwrapper::cut(std::size_t at, std::string_view name) {
  if (has_pattern(at)) return unknown(fmt::format("the options of {} are not literal", name));
  if (at >= words_.size()) return unknown(fmt::format("{} runs a program that is not named", name));
  command_.wrappers.emplace_back(name);
  words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(at));
  return Step::kPeeled;
}

bool Unwrapper::take_assignments(std::size_t& at) {
  for (; at < words_.size() && is_assignment(words_[at].text); ++at) {
    if (words_[at].pattern || words_[at].filled) return false;
    const std::size_t equals = words_[at].text.find('=');
    command_.environment.push_back({words_[at].text.substr(0, equals), words_[at].text.substr(equals + 1)});
  }
  return true;
}

Unwrapper::Step Unwrapper::peel_listed(const Program& wrapper) {
  const Scan scan = scan_options(wrapper.options, words_, 1);
  const std::string name(wrapper.name);
  if (!scan.ok) return unknown(fmt::format("an option of {} is not known", name));
  std::size_t at = scan.next + wrapper.options.before;
  if (at > words_.size()) return unknown(fmt::format("{} runs a program that is not named", name));
  if (wrapper.options.before > 0 && at < words_.size() && words_[at].text.starts_with('-'))
    return unknown(fmt::format("an option of {} stands where its program should", name));
  if (wrapper.options.assignments && !take_assignments(at)) return unknown("an assignment is not literal");
  const auto& checks = wrapper.options.checks;
  if (std::find(checks.begin(), checks.end(), "joined") != checks.end()) return peel_joined(at);
  if (at < words_.size() && std::find(checks.begin(), checks.end(), "keyword") != checks.end()) {
    // In bash it is a keyword in front of a whole pipeline.
    static constexpr std::array<std::string_view, 6> kMeaning = {"!", "{", "}", "time", "--", "[["};
    const std::string& next = words_[at].text;
    if (is_assignment(next) || std::find(kMeaning.begin(), kMeaning.end(), next) != kMeaning.end())
      return unknown(fmt::format("{} is read differently by different shells", name));
  }
  return cut(at, name);
}

// watch: the words are joined with blanks and given to a shell.
Unwrapper::Step Unwrapper::peel_joined(std::size_t at) {
  const std::string name(listed_name(words_[0].text));
  if (has_pattern(words_.size()) || command_.open_ended)
    return unknown(fmt::format("what {} runs is not literal", name));
  std::string script;
  for (std::size_t i = at; i < words_.size(); ++i) script += (i > at ? " " : "") + words_[i].text;
  command_.wrappers.push_back(name);
  add_script(found_, script, command_, depth_ + 1);
  return Step::kHandedOn;
}

// `command -v name` looks a program up; every other form runs it.
Unwrapper::Step Unwrapper::peel_command(const Program& wrapper) {
  if (words_.size() > 1 && (words_[1].text == "-v" || words_[1].text == "-V")) return Step::kFinal;
  return peel_listed(wrapper);
}

Unwrapper::Step Unwrapper::peel_env(const Program& wrapper) {
  std::size_t at = 1;
  while (at < words_.size()) {
    const std::string text = words_[at].text;
    if (text == "--") {
      ++at;
      break;
    }
    if (text == "-") {
      ++at;
      continue;
    }
    if (text.size() < 2 || text[0] != '-') break;
    // -S splits one word into several by rules of its own: only what no rule touches is looked through.
    const bool split_short = text[0] == '-' && text[1] != '-' && text.find('S') != std::string::npos;
    if (split_short || text.starts_with("--s")) return unknown("env -S splits its text by rules of its own");
    const std::size_t taken = take_option(wrapper.options, words_, at);
    if (taken == 0) return unknown("an option of env is not known");
    at += taken;
  }
  // An option clears or moves what the command relies on, so it is not the wrapper that does no harm.
  const std::string_view name = at > 1 ? "env with options" : "env";
  if (!take_assignments(at)) return unknown("an assignment is not literal");
  if (at >= words_.size()) {
    if (command_.open_ended) return unknown("env runs a program that is not named");
    command_.wrappers.emplace_back(name);
    words_ = {Word{.text = "env"}};
    return Step::kFinal;  // prints the environment
  }
  return cut(at, name);
}

Unwrapper::Step Unwrapper::peel_xargs(const Program& wrapper) {
  std::string placeholder;
  std::size_t at = 1;
  while (at < words_.size() && words_[at].text.size() > 1 && words_[at].text[0] == '-') {
    const std::string text = words_[at].text;
    if (text == "--") {
      ++at;
      break;
    }
    const std::size_t taken = take_option(wrapper.options, words_, at);
    if (taken == 0) return unknown("an option of xargs is not known");
    if (text.starts_with("-I") || text.starts_with("--replace"))
      placeholder = taken == 2 ? words_[at + 1].text : text.starts_with("-I") ? text.substr(2) : "{}";
    else if (text[1] != '-' && text.find('I') != std::string::npos)
      return unknown("an option of xargs is not known");
    at += taken;
  }
  if (has_pattern(at)) return unknown("the options of xargs are not literal");
  command_.open_ended = true;
  if (at >= words_.size()) {
    command_.wrappers.emplace_back("xargs");
    words_ = {Word{.text = "echo"}};
    return Step::kFinal;
  }
  if (!placeholder.empty()) {
    for (std::size_t i = at; i < words_.size(); ++i)
      words_[i].filled = words_[i].filled || words_[i].text.find(placeholder) != std::string::npos;
  }
  return cut(at, "xargs");
}

// Only `sh -c 'text'`, with options that do not change how the text is read.
Unwrapper::Step Unwrapper::peel_shell() {
  const std::string name(listed_name(words_[0].text));
  if (name != "sh" && name != "bash" && name != "dash")
    return unknown(fmt::format("{} has a grammar of its own", name));
  std::size_t at = 1;
  bool has_text = false;
  for (; at < words_.size() && words_[at].text.size() > 1 && words_[at].text[0] == '-' && !has_text; ++at) {
    const std::string_view options = std::string_view(words_[at].text).substr(1);
    if (options.find_first_not_of("ceux") != std::string_view::npos)
      return unknown(fmt::format("an option of {} is not known", name));
    has_text = options.find('c') != std::string_view::npos;
  }
  if (!has_text || at >= words_.size())
    return unknown(fmt::format("{} runs commands from somewhere else", name));
  if (words_[at].text.starts_with('-') || words_[at].text.starts_with('+'))
    return unknown(fmt::format("an option of {} is not known", name));
  if (has_pattern(at + 1)) return unknown(fmt::format("what {} runs is not literal", name));
  // The shell writes its name into no message that matters, and the text names no parameter, or it is
  // incomplete.
  SimpleCommand outer = command_;
  outer.wrappers.push_back(name);
  outer.open_ended = false;
  add_script(found_, words_[at].text, outer, depth_ + 1);
  return Step::kHandedOn;
}

// find itself stays a command; what -exec runs is added behind it.
Unwrapper::Step Unwrapper::peel_find() {
  static constexpr std::array<std::string_view, 4> kRuns = {"-exec", "-execdir", "-ok", "-okdir"};
  std::vector<std::pair<std::size_t, std::size_t>> runs;  // words of the inner commands
  for (std::size_t i = 1; i < words_.size(); ++i) {
    if (std::find(kRuns.begin(), kRuns.end(), words_[i].text) == kRuns.end()) continue;
    std::size_t end = i + 1;
    const bool asks = words_[i].text.starts_with("-ok");  // ends at ';' only
    while (end < words_.size() && words_[end].text != ";" &&
           (asks || words_[end].text != "+" || words_[end - 1].text != "{}"))
      ++end;
    if (end >= words_.size() || end == i + 1) return unknown("find runs a program that is not named");
    runs.emplace_back(i + 1, end);
    i = end;
  }
  if (runs.empty()) return Step::kFinal;
  if (command_.open_ended || has_pattern(words_.size())) return unknown("what find runs is not literal");
  if (depth_ >= kMaxDepth) return unknown("too deeply nested");
  for (const auto& [begin, end] : runs) {
    SimpleCommand inner;
    inner.environment = command_.environment;
    inner.wrappers = command_.wrappers;
    inner.wrappers.emplace_back("find");
    Words words(words_.begin() + static_cast<std::ptrdiff_t>(begin),
                words_.begin() + static_cast<std::ptrdiff_t>(end));
    for (Word& word : words) {
      word.filled = word.text.find("{}") != std::string::npos;
      inner.argv.push_back(word.text);
    }
    add_command(found_, std::move(inner), std::move(words), depth_ + 1);
  }
  return Step::kFinal;
}

}  // namespace

void add_command(Found found, SimpleCommand command, std::vector<Word> words, int depth) {
  if (found.parse.commands.size() >= kMaxCommands || depth > kMaxDepth) {
    found.incomplete("too deeply nested, or too many commands");
    return;
  }
  if (words.empty()) {
    found.parse.commands.push_back(std::move(command));
    return;
  }
  Unwrapper(found, std::move(command), std::move(words), depth).run();
}

void add_script(Found found, std::string_view script, const SimpleCommand& outer, int depth) {
  if (depth > kMaxDepth) {
    found.incomplete("too deeply nested");
    return;
  }
  const std::size_t before = found.parse.commands.size();
  Reader(script, found, outer, depth).read();
  if (found.parse.commands.size() == before) found.incomplete("a shell is given no command");
}

std::string_view unreadable(std::string_view text) {
  if (!is_valid_utf8(text)) return "the text is not valid UTF-8";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0) return "the text holds a NUL byte";
    if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f) return "the text holds a control character";
    if (c < 0x80) continue;
    // Two bytes and more: C1 controls, blanks that look like a blank and are none, and what nobody can see.
    const std::string_view rest = text.substr(i);
    static constexpr std::array<std::string_view, 26> kHidden = {
        "\u00a0", "\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u1680", "\u17b4", "\u17b5",
        "\u180e", "\u3000", "\u3164", "\ufeff", "\uffa0", "\u2028", "\u2029", "\u202f", "\u205f",
        "\u2060", "\u2061", "\u2062", "\u2063", "\u2064", "\u2800", "\ufff9", "\ufffa"};
    if (c == 0xc2 && static_cast<unsigned char>(rest[1]) < 0xa0) return "the text holds a control character";
    const bool general = rest.starts_with("\xe2\x80") || rest.starts_with("\xe2\x81");
    const auto last = rest.size() > 2 ? static_cast<unsigned char>(rest[2]) : 0;
    const bool space_or_direction =
        (rest.starts_with("\xe2\x80") && (last <= 0x8f || (last >= 0xa8 && last <= 0xaf))) ||
        (rest.starts_with("\xe2\x81") && last >= 0x9f && last <= 0xaf);
    const bool tag = rest.starts_with("\xf3\xa0");
    const bool variation = rest.starts_with("\xef\xb8") && last <= 0x8f;
    if ((general && space_or_direction) || tag || variation ||
        std::any_of(kHidden.begin(), kHidden.end(), [&](std::string_view h) { return rest.starts_with(h); }))
      return "the text holds a character that cannot be seen";
  }
  return {};
}

}  // namespace pryx::commands::internal
