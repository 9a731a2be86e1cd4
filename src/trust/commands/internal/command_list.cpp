// SPDX-License-Identifier: MIT
#include "trust/commands/internal/command_list.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "foundation/base/text.h"
#include "trust/commands/internal/embedded_lists.h"

namespace pryx::commands::internal {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) out.push_back(word);
  }
  return out;
}

bool contains(const std::vector<std::string_view>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

void add(std::vector<std::string_view>& to, const std::vector<std::string_view>& words) {
  to.insert(to.end(), words.begin() + 1, words.end());
  std::sort(to.begin(), to.end());
}

bool add_short(std::bitset<128>& to, const std::vector<std::string_view>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    for (const char c : words[i]) {
      if (c <= ' ' || c > '~' || c == '-') return false;
      to.set(static_cast<std::size_t>(c));
    }
  }
  return words.size() > 1;
}

bool read_count(std::size_t& to, const std::vector<std::string_view>& words) {
  if (words.size() != 2 || words[1].size() != 1 || words[1][0] < '0' || words[1][0] > '9') return false;
  to = static_cast<std::size_t>(words[1][0] - '0');
  return true;
}

// One line of a program's block; false when it is no such line.
bool read_line(Options& options, const std::vector<std::string_view>& words) {
  const std::string_view key = words[0];
  if (key == "short") return add_short(options.flags, words);
  if (key == "short=") return add_short(options.values, words);
  if (key == "short?") return add_short(options.optionals, words);
  if (key == "operands") return read_count(options.max_operands, words);
  if (key == "before") return read_count(options.before, words);
  if (key == "long")
    add(options.long_flags, words);
  else if (key == "long=")
    add(options.long_values, words);
  else if (key == "long?")
    add(options.long_optionals, words);
  else if (key == "dash")
    add(options.dash_flags, words);
  else if (key == "dash=")
    add(options.dash_values, words);
  else if (key == "check")
    add(options.checks, words);
  else if (key == "digits")
    options.digits = true;
  else if (key == "any")
    options.any = true;
  else if (key == "assignments")
    options.assignments = true;
  else if (key == "harmless")
    options.harmless = true;
  else
    return false;
  return true;
}

std::unordered_map<std::string_view, Kind> read_kinds(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, Kind>, 5> kKinds = {{
      {"shell:", Kind::kShell},
      {"interpreter:", Kind::kInterpreter},
      {"launcher:", Kind::kLauncher},
      {"state:", Kind::kState},
      {"on-request:", Kind::kOnRequest},
  }};
  std::unordered_map<std::string_view, Kind> out;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    const auto kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& k) { return k.first == words[0]; });
    PRYX_CHECK(kind != kKinds.end());  // a shipped file; a test reads it
    for (std::size_t i = 1; i < words.size(); ++i) out.emplace(words[i], kind->second);
  }
  return out;
}

const ProgramList& built_in(std::string_view text) {
  static std::vector<std::unique_ptr<ProgramList>> lists;
  auto list = ProgramList::parse(text);
  PRYX_CHECK(list.has_value());  // a shipped file; a test reads it
  lists.push_back(std::make_unique<ProgramList>(std::move(*list)));
  return *lists.back();
}

std::string_view base_name(std::string_view program) {
  const std::size_t slash = program.rfind('/');
  return slash == std::string_view::npos ? program : program.substr(slash + 1);
}

}  // namespace

Result<ProgramList> ProgramList::parse(std::string_view text) {
  ProgramList list;
  Options* current = nullptr;
  std::vector<std::string_view> names;  // of the block being read
  std::vector<Program> block;
  const auto close = [&] {
    if (block.empty()) return;
    for (const std::string_view name : names) {
      Program program = block.front();
      program.name = name;
      list.programs_.push_back(std::move(program));
    }
    block.clear();
  };
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    const auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    if (words[0] == "program" && words.size() > 1) {
      close();
      names.assign(words.begin() + 1, words.end());
      block.emplace_back();
      current = &block.front().options;
    } else if (words[0] == "sub" && words.size() > 1 && !block.empty()) {
      block.front().subcommands.push_back({{words.begin() + 1, words.end()}, {}});
      current = &block.front().subcommands.back().options;
    } else if (current == nullptr || !read_line(*current, words)) {
      return fail(ErrorCode::kInvalidArgument, "line {} of the command list is not understood: {}", number,
                  line);
    }
  }
  close();
  std::sort(list.programs_.begin(), list.programs_.end(),
            [](const Program& a, const Program& b) { return a.name < b.name; });
  const auto twin = std::adjacent_find(list.programs_.begin(), list.programs_.end(),
                                       [](const Program& a, const Program& b) { return a.name == b.name; });
  if (twin != list.programs_.end())
    return fail(ErrorCode::kInvalidArgument, "the command list names {} twice", twin->name);
  return list;
}

const Program* ProgramList::find(std::string_view name) const {
  const auto at = std::lower_bound(programs_.begin(), programs_.end(), name,
                                   [](const Program& p, std::string_view n) { return p.name < n; });
  return at != programs_.end() && at->name == name ? &*at : nullptr;
}

std::size_t take_option(const Options& options, const std::vector<Word>& words, std::size_t at) {
  const std::string_view word = words[at].text;
  const bool has_next = at + 1 < words.size();
  // A value of its own word that looks like an option would be one for a program that takes the value
  // attached only, or not at all in its other versions. Numbers below zero are no such options.
  const auto with_value = [&]() -> std::size_t {
    if (!has_next) return 0;
    const std::string_view next = words[at + 1].text;
    const bool like_option = next.size() > 1 && next[0] == '-' && (next[1] < '0' || next[1] > '9');
    return like_option ? 0 : 2;
  };
  if (words[at].filled) return 0;
  if (contains(options.dash_flags, word)) return 1;
  if (contains(options.dash_values, word)) return has_next ? 2 : 0;
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    if (equals != std::string_view::npos)
      return contains(options.long_values, name) || contains(options.long_optionals, name) ? 1 : 0;
    if (contains(options.long_values, name)) return with_value();
    return contains(options.long_flags, name) || contains(options.long_optionals, name) ? 1 : 0;
  }
  for (std::size_t i = 1; i < word.size(); ++i) {
    const auto c = static_cast<unsigned char>(word[i]);
    if (c >= 128) return 0;
    if (options.flags[c]) continue;
    if (options.optionals[c]) return 1;
    if (options.values[c]) return i + 1 < word.size() ? 1 : with_value();
    if (!options.digits) return 0;
    const std::string_view rest = word.substr(i);
    return std::all_of(rest.begin(), rest.end(), [](char d) { return d >= '0' && d <= '9'; }) ? 1 : 0;
  }
  return 1;
}

Scan scan_options(const Options& options, const std::vector<Word>& words, std::size_t at) {
  while (at < words.size()) {
    const Word& word = words[at];
    if (word.text == "--") return {.ok = true, .next = at + 1, .ended = true};
    if (word.text.size() < 2 || word.text[0] != '-') break;
    const std::size_t taken = take_option(options, words, at);
    if (taken == 0) return {};
    at += taken;
  }
  return {.ok = true, .next = at};
}

const ProgramList& read_only_programs() {
  static const ProgramList& list = built_in(kReadOnlyText);
  return list;
}

const ProgramList& wrapper_programs() {
  static const ProgramList& list = built_in(kWrapperText);
  return list;
}

Kind kind_of(std::string_view program) {
  static const std::unordered_map<std::string_view, Kind> kinds = read_kinds(kKindText);
  std::string_view name = base_name(program);
  if (const auto hit = kinds.find(name); hit != kinds.end()) return hit->second;
  const std::size_t end = name.find_last_not_of("0123456789.-");
  if (end == std::string_view::npos) return Kind::kNone;
  const auto hit = kinds.find(name.substr(0, end + 1));
  return hit == kinds.end() ? Kind::kNone : hit->second;
}

std::string_view listed_name(std::string_view program) {
  for (const std::string_view folder : {"/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"}) {
    if (program.starts_with(folder)) {
      program.remove_prefix(folder.size());
      break;
    }
  }
  return program.find('/') == std::string_view::npos ? program : std::string_view();
}

}  // namespace pryx::commands::internal
