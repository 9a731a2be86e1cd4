// SPDX-License-Identifier: MIT
#include "engine/models/starter_grammar.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::models::grammar {

using Kind = Intent::Kind;

namespace {

constexpr std::int64_t kBeginningLines = 20;

bool is_recursive(Words words) {
  return contains(words,
                  {"recursively", "recursive", "tree", "subfolders", "below", "-r", "-la", "structure"}) &&
         !contains(words, {"-la"});
}
bool wants_hidden(Words words) { return contains(words, {"hidden", "-a", "-la", "-al"}); }

// "*.cpp files", "markdown files", "files named notes*": a name pattern.
std::string file_pattern(Words words) {
  for (const Word& word : words) {
    if (word.text.find('*') != std::string::npos) return word.text;
  }
  const std::size_t named = find_word(words, {"named", "called"});
  if (named + 1 < words.size()) return words[named + 1].text;
  const std::size_t ending = find_word(words, {"ending"});
  if (ending + 2 < words.size()) return "*" + words[ending + 2].text;
  return {};
}

}  // namespace

Match parse_listing(Words words) {
  const bool is_list = is_one_of(words[0], {"list", "ls", "dir"});
  const bool is_tree = is_one_of(words[0], {"tree"});
  const bool is_show =
      is_one_of(words[0], {"show", "display", "print", "give", "view", "what", "what's", "which", "tell"}) &&
      contains(words, {"files", "folders", "directory", "directories", "folder", "tree", "here"}) &&
      !contains(words, {"lines", "many", "kind", "kinds", "size", "first", "last"});
  if (!is_list && !is_tree && !is_show) return std::nullopt;
  if (contains(words, {"models", "providers", "sessions", "tools", "memories"})) return std::nullopt;
  Words rest = words.subspan(1);
  while (!rest.empty() && is_one_of(rest.front(), {"me", "are", "is", "what", "which", "us"}))
    rest = rest.subspan(1);
  const std::string pattern = file_pattern(rest);
  const std::size_t in = find_word(rest, {"in", "inside", "under", "of", "below", "within"});
  const std::string path = in < rest.size() ? path_in(rest.subspan(in + 1)) : path_in(rest);
  if (!pattern.empty()) {
    Intent intent =
        list(Kind::kFindFiles, in < rest.size() && path != pattern ? path : "", true, wants_hidden(rest));
    intent.subject = pattern;
    return intent;
  }
  // "show the files" lists; "show src/main.cpp" reads.
  const bool recursive = is_tree || is_recursive(rest);
  return list(recursive ? Kind::kTree : Kind::kList, path, recursive, wants_hidden(rest));
}

Match parse_lines(Words words) {
  const std::size_t lines = find_word(words, {"lines", "line"});
  if (is_one_of(words[0], {"head", "tail"}) && words.size() > 1) {
    std::int64_t count = is_one_of(words[0], {"head"}) ? 10 : 10;
    for (const Word& word : words.subspan(1)) count = number_in(word).value_or(count);
    std::string path;
    for (const Word& word : words.subspan(1)) {
      if (word.quoted || (!number_in(word) && !word.text.starts_with('-') && !is_one_of(word, kPathFillers) &&
                          !is_one_of(word, {"lines", "first", "last"})))
        path = word.text;
    }
    if (path.empty()) return ask_back("Of which file? For example: head README.md");
    if (is_one_of(words[0], {"tail"})) return run(fmt::format("tail -n {} -- {}", count, shell_quoted(path)));
    return make(Kind::kBeginning, path, "fs.read", {{"path", path}, {"limit_lines", count}});
  }
  if (lines == words.size() || !is_one_of(words[0], {"show", "read", "print", "display", "give", "view",
                                                     "first", "last", "line", "lines", "cat", "what"}))
    return std::nullopt;
  const std::size_t of = find_word(words, {"of", "in", "from"}, lines == 0 ? 0 : lines - 1);
  const std::string path =
      of < words.size() ? path_in(words.subspan(of + 1)) : path_in(words.subspan(lines + 1));
  if (path.empty()) return std::nullopt;
  const std::size_t first = find_word(words, {"first"});
  const std::size_t last = find_word(words, {"last"});
  if (first + 1 < words.size()) {
    return make(Kind::kBeginning, path, "fs.read",
                {{"path", path}, {"limit_lines", number_in(words[first + 1]).value_or(10)}});
  }
  if (last + 1 < words.size())
    return run(fmt::format("tail -n {} -- {}", number_in(words[last + 1]).value_or(10), shell_quoted(path)));
  std::vector<std::int64_t> numbers;
  for (std::size_t i = lines + 1; i < std::min(of, words.size()); ++i) {
    // "5-20" is one word.
    for (const std::string_view part : split(words[i].text, '-')) {
      if (const auto number = number_in(Word{.text = std::string(part)})) numbers.push_back(*number);
    }
  }
  if (numbers.empty()) return std::nullopt;
  const std::int64_t from = numbers.front();
  const std::int64_t to = std::max(from, numbers.back());
  return make(
      Kind::kLines, path, "fs.read",
      {{"path", path}, {"offset_line", from}, {"limit_lines", to - from + 1}, {"line_numbers", true}});
}

Match parse_reading(Words words) {
  if (is_one_of(words[0], {"read", "cat", "open", "view", "show", "display", "print", "type"}) ||
      starts_with(words, {"look", "at"}) || starts_with(words, {"give", "me"}) ||
      starts_with(words, {"tell", "me", "what", "is", "in"})) {
    const std::size_t skip = starts_with(words, {"look", "at"}) || starts_with(words, {"give", "me"}) ? 2 : 1;
    if (std::ranges::any_of(words, looks_like_url)) return std::nullopt;
    return read(path_in(words.subspan(skip)));
  }
  if (starts_with(words, {"what", "is", "in"}) || starts_with(words, {"what's", "in"}) ||
      starts_with(words, {"what", "does"})) {
    const std::string path = path_in(words.subspan(2));
    const bool is_file = std::ranges::any_of(words, [](const Word& word) {
      return looks_like_path(word) && !word.text.ends_with('/') && word.text != ".";
    });
    if (starts_with(words, {"what", "does"}) && !is_file) return std::nullopt;
    return is_file ? read(path) : list(Kind::kList, path, false, false);
  }
  return std::nullopt;
}

namespace {
struct SearchScope {
  std::string path;
  std::string glob;
};

SearchScope scope_in(Words words) {
  SearchScope out;
  for (const Word& word : words) {
    if (word.text.find('*') != std::string::npos) out.glob = word.text;
  }
  if (out.glob.empty() && !contains(words, {"everywhere", "anywhere"})) out.path = path_in(words);
  if (out.path == ".") out.path.clear();
  return out;
}

}  // namespace

Match parse_search(Words words) {
  const bool where = starts_with(words, {"where", "is"}) || starts_with(words, {"where", "are"});
  const bool starts = where || is_one_of(words[0], {"find", "search", "grep", "locate"}) ||
                      starts_with(words, {"look", "for"});
  if (!starts || words.size() < 2) return std::nullopt;
  Words rest = words.subspan(where || starts_with(words, {"look", "for"}) ? 2 : 1);
  if (contains(rest, {"memory", "memories"}) && !is_one_of(words[0], {"grep"})) {
    const std::size_t about = find_word(rest, {"for", "about", "on"});
    return recall(about + 1 < rest.size() ? plain_text(rest.subspan(about + 1)) : std::string());
  }
  const bool names_files = contains(rest, {"named", "called"}) ||
                           (rest.front().text.find('*') != std::string::npos && !rest.front().quoted) ||
                           starts_with(rest, {"the", "file"}) || starts_with(rest, {"file"}) ||
                           starts_with(rest, {"all", "files", "ending"}) || is_one_of(words[0], {"locate"}) ||
                           (contains(rest, {"files"}) && file_pattern(rest).find('*') != std::string::npos &&
                            find_word(rest, {"in"}) == rest.size());
  if (names_files) {
    const std::size_t in = find_word(rest, {"in", "under", "inside"});
    const Words what = rest.first(in);
    std::string pattern = file_pattern(what);
    if (pattern.empty()) pattern = path_in(what);
    if (pattern.empty()) return ask_back("Which file? For example: find files named *.md");
    Intent intent =
        list(Kind::kFindFiles, in < rest.size() ? path_in(rest.subspan(in + 1)) : "", true, false);
    intent.subject = std::move(pattern);
    return intent;
  }
  const bool any_case = contains(rest, {"case-insensitive", "case-insensitively", "ignoring"});
  const std::size_t in = find_word(rest, {"in", "inside", "under", "within", "across"}, 1);
  const Words what = rest.first(in);
  const SearchScope scope = in < rest.size() ? scope_in(rest.subspan(in + 1)) : SearchScope{};
  std::string pattern;
  for (const Word& word : what) {
    if (word.quoted) pattern = word.text;
  }
  if (pattern.empty()) {
    std::vector<Word> left;
    for (const Word& word : what) {
      const bool filler =
          left.empty() &&
          is_one_of(word, {"for",        "all",      "the",  "every", "any",        "occurrences",
                           "occurrence", "mentions", "uses", "of",    "text",       "word",
                           "string",     "lines",    "line", "with",  "containing", "contain",
                           "references", "to",       "me",   "a",     "through",    "files"});
      if (!filler && !is_one_of(word, {"defined", "used", "mentioned", "ignoring", "case", "case-insensitive",
                                       "case-insensitively", "everywhere"}))
        left.push_back(word);
    }
    // "grep main src" has no "in".
    if (is_one_of(words[0], {"grep"}) && in == rest.size() && left.size() == 2) {
      return make(Kind::kSearch, left[0].text, "fs.search",
                  {{"pattern", left[0].text}, {"path", left[1].text}});
    }
    pattern = plain_text(left);
  }
  if (pattern.empty()) return ask_back("What shall I look for? For example: find TODO in src");
  json::object arguments{{"pattern", pattern}};
  if (!scope.path.empty()) arguments["path"] = scope.path;
  if (!scope.glob.empty()) arguments["glob"] = scope.glob;
  if (any_case) arguments["case_sensitive"] = false;
  return make(Kind::kSearch, std::move(pattern), "fs.search", std::move(arguments));
}

Match parse_counting(Words words) {
  const bool many = starts_with(words, {"how", "many"});
  if (!many && !is_one_of(words[0], {"count"})) return std::nullopt;
  const Words rest = words.subspan(many ? 2 : 1);
  const std::size_t in = find_word(rest, {"in", "inside", "under", "of", "does", "within"});
  const std::string path = in < rest.size() ? path_in(rest.subspan(in + 1)) : "";
  if (contains(rest.first(in), {"line", "lines"})) {
    if (path.empty()) return ask_back("Of which file? For example: count the lines of README.md");
    return run(fmt::format("wc -l -- {}", shell_quoted(path)));
  }
  if (contains(rest.first(in), {"file", "files", "entries"}) && !contains(rest, {"contain", "mention"}))
    return list(Kind::kCountFiles, path, true, false);
  std::vector<Word> what;
  for (const Word& word : rest.first(in)) {
    if (word.quoted || !is_one_of(word, {"the", "are", "there", "times", "occurrences", "of", "matches",
                                         "for", "is", "all"}))
      what.push_back(word);
  }
  // "how many FIXMEs": the plural of a marker word is no part of it.
  std::string pattern = plain_text(what);
  if (what.size() == 1 && !what[0].quoted && pattern.size() > 3 && pattern.ends_with('s') &&
      pattern[pattern.size() - 2] >= 'A' && pattern[pattern.size() - 2] <= 'Z')
    pattern.pop_back();
  if (pattern.empty()) return ask_back("Count what? For example: how many files are in src");
  json::object arguments{{"pattern", pattern}};
  if (!path.empty() && path != ".") arguments["path"] = path;
  return make(Kind::kCountMatches, std::move(pattern), "fs.search", std::move(arguments));
}

Match parse_facts(Words words) {
  if (is_one_of(words[0], {"stat", "size", "info"}) && words.size() > 1)
    return stat(path_in(words.subspan(1)));
  if (starts_with(words, {"how", "big"}) || starts_with(words, {"how", "large"}) ||
      starts_with(words, {"how", "old"}))
    return stat(path_in(words.subspan(2)));
  const bool asks = is_one_of(words[0], {"what", "what's", "show", "when", "does", "is", "give", "get"});
  if (asks && contains(words, {"size", "info", "details", "modified", "changed", "exist", "permissions"})) {
    std::vector<Word> left;
    for (const Word& word : words.subspan(1)) {
      if (word.quoted || !is_one_of(word, {"size", "info", "details", "modified", "changed", "exist",
                                           "permissions", "was", "last", "for", "about", "me", "when"}))
        left.push_back(word);
    }
    return stat(path_in(left));
  }
  if (starts_with(words, {"is", "there"}) && words.size() > 3) return stat(path_in(words.subspan(2)));
  if (is_one_of(words[0], {"pwd"}) || starts_with(words, {"where", "am", "i"}) ||
      starts_with(words, {"which", "folder"}) || starts_with(words, {"what", "folder"})) {
    return run("pwd");
  }
  if ((is_one_of(words[0], {"what", "what's"}) && contains(words, {"time", "date", "day"})) ||
      (words.size() == 1 && is_one_of(words[0], {"time", "date"})))
    return run("date");
  return std::nullopt;
}

Match parse_overview(Words words) {
  const bool asks = is_one_of(words[0], {"summarize", "summarise", "overview", "describe"}) ||
                    ((is_one_of(words[0], {"what", "which", "show", "give"})) &&
                     contains(words, {"kind", "kinds", "types", "overview", "summary"}));
  if (!asks) return std::nullopt;
  for (const Word& word : words.subspan(1)) {
    if ((word.quoted || looks_like_path(word)) && word.text != "." && !word.text.ends_with('/')) {
      return make(Kind::kBeginning, word.text, "fs.read",
                  {{"path", word.text}, {"limit_lines", kBeginningLines}});
    }
  }
  const std::size_t in = find_word(words, {"in", "of", "under", "inside"});
  return list(Kind::kOverview, in < words.size() ? path_in(words.subspan(in + 1)) : "", true, false);
}

}  // namespace pryx::models::grammar
