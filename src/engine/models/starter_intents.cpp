// SPDX-License-Identifier: MIT
#include "engine/models/starter_intents.h"

#include <algorithm>
#include <charconv>

#include "engine/models/starter_words.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

using Kind = Intent::Kind;
using Match = std::optional<Intent>;

constexpr std::size_t kMaxMessage = 64u << 10;
constexpr std::int64_t kBeginningLines = 20;

// Words around a path that say nothing.
constexpr std::initializer_list<std::string_view> kPathFillers = {
    "the", "a", "an", "my", "this", "our", "file", "files", "folder", "folders", "directory", "directories", "dir", "content", "contents", "content's",
    "of", "in", "inside", "under", "below", "within", "from", "at", "on", "me", "all", "everything", "here", "there", "are", "is", "entries", "named",
    "called", "recursively", "recursive", "hidden", "current", "workspace", "project", "subfolders", "including", "include", "with", "and", "its",
    "tree", "to", "us", "text", "exist", "exists", "please", "structure", "out", "whole", "full", "entire", "names",
};

Intent make(Kind kind, std::string subject, std::string tool, json::object arguments) {
  return Intent{kind, {}, std::move(subject), std::move(tool), std::move(arguments)};
}
Intent talk(Kind kind) { return make(kind, {}, {}, {}); }
Intent ask_back(std::string question) { return make(Kind::kNeedsDetail, std::move(question), {}, {}); }

// What is left of the words when the fillers are gone; quoted words always stay.
std::string path_in(Words words) {
  for (const Word& word : words) {
    if (word.quoted || looks_like_path(word)) return word.text;
  }
  for (const Word& word : words) {
    if (!is_one_of(word, kPathFillers) && !word.text.starts_with('-') && !looks_like_url(word)) return word.text;
  }
  return {};
}

std::optional<std::int64_t> number_in(const Word& word) {
  std::int64_t number = 0;
  std::string_view text = word.text;
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 ? std::optional(number) : std::nullopt;
}

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

Intent run(std::string command) {
  json::object arguments{{"command", command}};
  return make(Kind::kRun, std::move(command), "shell.exec", std::move(arguments));
}

Intent read(std::string path) {
  if (path.empty()) return ask_back("Which file shall I read? For example: read README.md");
  json::object arguments{{"path", path}};
  return make(Kind::kRead, std::move(path), "fs.read", std::move(arguments));
}

Intent list(Kind kind, std::string path, bool recursive, bool hidden) {
  json::object arguments;
  if (!path.empty() && path != ".") arguments["path"] = path;
  if (recursive) arguments["recursive"] = true;
  if (hidden) arguments["include_hidden"] = true;
  return make(kind, std::move(path), "fs.list", std::move(arguments));
}

Intent stat(std::string path) {
  if (path.empty()) return ask_back("About which file? For example: how big is README.md");
  json::object arguments{{"path", path}};
  return make(Kind::kStat, std::move(path), "fs.stat", std::move(arguments));
}

Intent recall(std::string topic) {
  if (topic.empty()) return ask_back("About what? For example: what do you remember about the deadline");
  json::object arguments{{"query", topic}};
  return make(Kind::kRecall, std::move(topic), "memory.search", std::move(arguments));
}

Intent remember(std::string note) {
  if (note.empty()) return ask_back("What shall I remember? For example: remember that the demo is on Friday");
  json::object arguments{{"text", note}};
  return make(Kind::kRemember, std::move(note), "memory.save", std::move(arguments));
}

bool is_recursive(Words words) { return contains(words, {"recursively", "recursive", "tree", "subfolders", "below", "-r", "-la", "structure"}) && !contains(words, {"-la"}); }
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

Match parse_listing(Words words) {
  const bool is_list = is_one_of(words[0], {"list", "ls", "dir"});
  const bool is_tree = is_one_of(words[0], {"tree"});
  const bool is_show = is_one_of(words[0], {"show", "display", "print", "give", "view", "what", "what's", "which", "tell"}) &&
                       contains(words, {"files", "folders", "directory", "directories", "folder", "tree", "here"}) &&
                       !contains(words, {"lines", "many", "kind", "kinds", "size", "first", "last"});
  if (!is_list && !is_tree && !is_show) return std::nullopt;
  if (contains(words, {"models", "providers", "sessions", "tools", "memories"})) return std::nullopt;
  Words rest = words.subspan(1);
  while (!rest.empty() && is_one_of(rest.front(), {"me", "are", "is", "what", "which", "us"})) rest = rest.subspan(1);
  const std::string pattern = file_pattern(rest);
  const std::size_t in = find_word(rest, {"in", "inside", "under", "of", "below", "within"});
  const std::string path = in < rest.size() ? path_in(rest.subspan(in + 1)) : path_in(rest);
  if (!pattern.empty()) {
    Intent intent = list(Kind::kFindFiles, in < rest.size() && path != pattern ? path : "", true, wants_hidden(rest));
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
      if (word.quoted || (!number_in(word) && !word.text.starts_with('-') && !is_one_of(word, kPathFillers) && !is_one_of(word, {"lines", "first", "last"}))) path = word.text;
    }
    if (path.empty()) return ask_back("Of which file? For example: head README.md");
    if (is_one_of(words[0], {"tail"})) return run(fmt::format("tail -n {} -- {}", count, shell_quoted(path)));
    return make(Kind::kBeginning, path, "fs.read", {{"path", path}, {"limit_lines", count}});
  }
  if (lines == words.size() || !is_one_of(words[0], {"show", "read", "print", "display", "give", "view", "first", "last", "line", "lines", "cat", "what"})) return std::nullopt;
  const std::size_t of = find_word(words, {"of", "in", "from"}, lines == 0 ? 0 : lines - 1);
  const std::string path = of < words.size() ? path_in(words.subspan(of + 1)) : path_in(words.subspan(lines + 1));
  if (path.empty()) return std::nullopt;
  const std::size_t first = find_word(words, {"first"});
  const std::size_t last = find_word(words, {"last"});
  if (first + 1 < words.size()) {
    return make(Kind::kBeginning, path, "fs.read", {{"path", path}, {"limit_lines", number_in(words[first + 1]).value_or(10)}});
  }
  if (last + 1 < words.size()) return run(fmt::format("tail -n {} -- {}", number_in(words[last + 1]).value_or(10), shell_quoted(path)));
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
  return make(Kind::kLines, path, "fs.read", {{"path", path}, {"offset_line", from}, {"limit_lines", to - from + 1}, {"line_numbers", true}});
}

Match parse_reading(Words words) {
  if (is_one_of(words[0], {"read", "cat", "open", "view", "show", "display", "print", "type"}) || starts_with(words, {"look", "at"}) ||
      starts_with(words, {"give", "me"}) || starts_with(words, {"tell", "me", "what", "is", "in"})) {
    const std::size_t skip = starts_with(words, {"look", "at"}) || starts_with(words, {"give", "me"}) ? 2 : 1;
    if (std::ranges::any_of(words, looks_like_url)) return std::nullopt;
    return read(path_in(words.subspan(skip)));
  }
  if (starts_with(words, {"what", "is", "in"}) || starts_with(words, {"what's", "in"}) || starts_with(words, {"what", "does"})) {
    const std::string path = path_in(words.subspan(2));
    const bool is_file = std::ranges::any_of(words, [](const Word& word) { return looks_like_path(word) && !word.text.ends_with('/') && word.text != "."; });
    if (starts_with(words, {"what", "does"}) && !is_file) return std::nullopt;
    return is_file ? read(path) : list(Kind::kList, path, false, false);
  }
  return std::nullopt;
}

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

Match parse_search(Words words) {
  const bool where = starts_with(words, {"where", "is"}) || starts_with(words, {"where", "are"});
  const bool starts = where || is_one_of(words[0], {"find", "search", "grep", "locate"}) || starts_with(words, {"look", "for"});
  if (!starts || words.size() < 2) return std::nullopt;
  Words rest = words.subspan(where || starts_with(words, {"look", "for"}) ? 2 : 1);
  if (contains(rest, {"memory", "memories"}) && !is_one_of(words[0], {"grep"})) {
    const std::size_t about = find_word(rest, {"for", "about", "on"});
    return recall(about + 1 < rest.size() ? plain_text(rest.subspan(about + 1)) : std::string());
  }
  const bool names_files = contains(rest, {"named", "called"}) || (rest.front().text.find('*') != std::string::npos && !rest.front().quoted) ||
                           starts_with(rest, {"the", "file"}) || starts_with(rest, {"file"}) || starts_with(rest, {"all", "files", "ending"}) ||
                           is_one_of(words[0], {"locate"}) || (contains(rest, {"files"}) && file_pattern(rest).find('*') != std::string::npos && find_word(rest, {"in"}) == rest.size());
  if (names_files) {
    const std::size_t in = find_word(rest, {"in", "under", "inside"});
    const Words what = rest.first(in);
    std::string pattern = file_pattern(what);
    if (pattern.empty()) pattern = path_in(what);
    if (pattern.empty()) return ask_back("Which file? For example: find files named *.md");
    Intent intent = list(Kind::kFindFiles, in < rest.size() ? path_in(rest.subspan(in + 1)) : "", true, false);
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
      const bool filler = left.empty() && is_one_of(word, {"for", "all", "the", "every", "any", "occurrences", "occurrence", "mentions", "uses", "of", "text", "word", "string", "lines", "line", "with", "containing", "contain", "references", "to", "me", "a", "through", "files"});
      if (!filler && !is_one_of(word, {"defined", "used", "mentioned", "ignoring", "case", "case-insensitive", "case-insensitively", "everywhere"})) left.push_back(word);
    }
    // "grep TODO src" has no "in".
    if (is_one_of(words[0], {"grep"}) && in == rest.size() && left.size() == 2) {
      return make(Kind::kSearch, left[0].text, "fs.search", {{"pattern", left[0].text}, {"path", left[1].text}});
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
  if (contains(rest.first(in), {"file", "files", "entries"}) && !contains(rest, {"contain", "mention"})) return list(Kind::kCountFiles, path, true, false);
  std::vector<Word> what;
  for (const Word& word : rest.first(in)) {
    if (word.quoted || !is_one_of(word, {"the", "are", "there", "times", "occurrences", "of", "matches", "for", "is", "all"})) what.push_back(word);
  }
  // "how many TODOs": the plural of a marker word is no part of it.
  std::string pattern = plain_text(what);
  if (what.size() == 1 && !what[0].quoted && pattern.size() > 3 && pattern.ends_with('s') && pattern[pattern.size() - 2] >= 'A' && pattern[pattern.size() - 2] <= 'Z') pattern.pop_back();
  if (pattern.empty()) return ask_back("Count what? For example: how many files are in src");
  json::object arguments{{"pattern", pattern}};
  if (!path.empty() && path != ".") arguments["path"] = path;
  return make(Kind::kCountMatches, std::move(pattern), "fs.search", std::move(arguments));
}

Match parse_facts(Words words) {
  if (is_one_of(words[0], {"stat", "size", "info"}) && words.size() > 1) return stat(path_in(words.subspan(1)));
  if (starts_with(words, {"how", "big"}) || starts_with(words, {"how", "large"}) || starts_with(words, {"how", "old"})) return stat(path_in(words.subspan(2)));
  const bool asks = is_one_of(words[0], {"what", "what's", "show", "when", "does", "is", "give", "get"});
  if (asks && contains(words, {"size", "info", "details", "modified", "changed", "exist", "permissions"})) {
    std::vector<Word> left;
    for (const Word& word : words.subspan(1)) {
      if (word.quoted || !is_one_of(word, {"size", "info", "details", "modified", "changed", "exist", "permissions", "was", "last", "for", "about", "me", "when"})) left.push_back(word);
    }
    return stat(path_in(left));
  }
  if (starts_with(words, {"is", "there"}) && words.size() > 3) return stat(path_in(words.subspan(2)));
  if (is_one_of(words[0], {"pwd"}) || starts_with(words, {"where", "am", "i"}) || starts_with(words, {"which", "folder"}) || starts_with(words, {"what", "folder"})) {
    return run("pwd");
  }
  if ((is_one_of(words[0], {"what", "what's"}) && contains(words, {"time", "date", "day"})) || (words.size() == 1 && is_one_of(words[0], {"time", "date"}))) return run("date");
  return std::nullopt;
}

Match parse_overview(Words words) {
  const bool asks = is_one_of(words[0], {"summarize", "summarise", "overview", "describe"}) ||
                    ((is_one_of(words[0], {"what", "which", "show", "give"})) && contains(words, {"kind", "kinds", "types", "overview", "summary"}));
  if (!asks) return std::nullopt;
  for (const Word& word : words.subspan(1)) {
    if ((word.quoted || looks_like_path(word)) && word.text != "." && !word.text.ends_with('/')) {
      return make(Kind::kBeginning, word.text, "fs.read", {{"path", word.text}, {"limit_lines", kBeginningLines}});
    }
  }
  const std::size_t in = find_word(words, {"in", "of", "under", "inside"});
  return list(Kind::kOverview, in < words.size() ? path_in(words.subspan(in + 1)) : "", true, false);
}

// Text and file of "… 'text' to notes.txt" and "… notes.txt with 'text'".
struct TextAndPath {
  std::string text;
  std::string path;
};
TextAndPath text_and_path(Words words) {
  TextAndPath out;
  const std::size_t with = find_word(words, {"with", "containing", "saying"});
  if (with < words.size()) {
    Words text = words.subspan(with + 1);
    while (text.size() > 1 && is_one_of(text.front(), {"the", "content", "contents", "text", "line"})) text = text.subspan(1);
    out.text = text.size() == 1 ? text.front().text : raw_text(text);
    out.path = path_in(words.first(with));
    return out;
  }
  // The last "to", "into", "in", "as": the text may hold such words itself.
  std::size_t to = words.size();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (is_one_of(words[i], {"to", "into", "in", "as"})) to = i;
  }
  if (to == words.size()) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i].mark == ':' && i + 1 < words.size()) return {raw_text(words.subspan(i + 1)), path_in(words.first(i + 1))};
    }
    out.path = path_in(words);
    return out;
  }
  Words text = words.first(to);
  while (text.size() > 1 && is_one_of(text.front(), {"the", "text", "line", "words"}) && text.back().quoted) text = text.subspan(1);
  out.text = text.size() == 1 ? text.front().text : raw_text(text);
  out.path = path_in(words.subspan(to + 1));
  return out;
}

Match parse_writing(Words words) {
  const bool makes = is_one_of(words[0], {"create", "make"});
  if (is_one_of(words[0], {"mkdir"}) || (makes && contains(words, {"folder", "directory"}))) {
    const std::string path = path_in(words.subspan(1));
    return path.empty() ? ask_back("Which folder? For example: create the folder notes") : run("mkdir -p -- " + shell_quoted(path));
  }
  if (makes && !contains(words, {"file", "note"}) && std::ranges::none_of(words, looks_like_path)) {
    return is_one_of(words[0], {"make"}) ? Match(run(raw_text(words))) : std::nullopt;
  }
  const bool appends = is_one_of(words[0], {"append"}) || (is_one_of(words[0], {"add"}) && std::ranges::any_of(words, looks_like_path));
  if (!makes && !appends && !is_one_of(words[0], {"write", "save", "put"})) return std::nullopt;
  if (contains(words, {"memory"})) {
    const std::size_t to = find_word(words, {"to", "in", "into"});
    return remember(plain_text(words.subspan(1, to - 1)));
  }
  // "write me a poem" is nothing a command can do.
  const bool names_file = contains(words, {"file", "note"}) || std::ranges::any_of(words, [](const Word& word) { return word.quoted || looks_like_path(word); });
  if (words.size() > 1 && !names_file) return std::nullopt;
  const bool is_empty = contains(words.first(std::min<std::size_t>(words.size(), 4)), {"empty"});
  std::vector<Word> rest(words.begin() + 1, words.end());
  std::erase_if(rest, [](const Word& word) { return is_one_of(word, {"empty"}); });
  TextAndPath both = text_and_path(rest);
  if (both.path.empty()) return ask_back("Into which file? For example: write 'hello' to notes.txt");
  if (both.text.empty() && !is_empty) return ask_back(fmt::format("What shall I write to {}? For example: write 'hello' to {}", both.path, both.path));
  // A file of text ends with a line end.
  if (!both.text.empty() && !both.text.ends_with('\n')) both.text += '\n';
  json::object arguments{{"path", both.path}, {"content", both.text}};
  if (appends) arguments["append"] = true;
  return make(appends ? Kind::kAppend : Kind::kWrite, std::move(both.path), "fs.write", std::move(arguments));
}

Match parse_editing(Words words) {
  if (is_one_of(words[0], {"delete", "remove", "rm"}) && words.size() > 1) {
    const std::string path = path_in(words.subspan(1));
    return path.empty() ? ask_back("Which file? For example: delete notes.txt") : run("rm -- " + shell_quoted(path));
  }
  if (is_one_of(words[0], {"copy", "move", "rename", "cp", "mv"})) {
    const std::size_t to = find_word(words, {"to", "into", "as"});
    const std::string from = path_in(words.subspan(1, std::min(to, words.size()) - 1));
    const std::string target = to < words.size() ? path_in(words.subspan(to + 1)) : words.size() == 3 ? words[2].text : "";
    if (from.empty() || target.empty()) return ask_back("What to where? For example: copy a.txt to b.txt");
    return run(fmt::format("{} -- {} {}", is_one_of(words[0], {"copy", "cp"}) ? "cp" : "mv", shell_quoted(from), shell_quoted(target)));
  }
  const std::size_t verb = find_word(words, {"replace", "change", "substitute"});
  const bool in_front = is_one_of(words[0], {"in", "edit"});
  if (verb == words.size() || (verb > 0 && !in_front)) {
    if (is_one_of(words[0], {"edit"})) return ask_back("How? For example: replace 'old' with 'new' in notes.txt");
    return std::nullopt;
  }
  const std::size_t by = find_word(words, {"with", "by", "to"}, verb + 1);
  if (by + 1 >= words.size()) return ask_back("By what? For example: replace 'old' with 'new' in notes.txt");
  const std::size_t in = find_word(words, {"in", "inside"}, by + 1);
  const std::string path = in < words.size() ? path_in(words.subspan(in + 1)) : path_in(words.first(verb).subspan(in_front ? 1 : 0));
  const std::string before = plain_text(words.subspan(verb + 1, by - verb - 1));
  const std::string after = plain_text(words.subspan(by + 1, std::min(in, words.size()) - by - 1));
  if (path.empty() || before.empty()) return ask_back("In which file? For example: replace 'old' with 'new' in notes.txt");
  return make(Kind::kEdit, path, "fs.edit", {{"path", path}, {"old_text", before}, {"new_text", after}});
}

Match parse_running(Words words) {
  if (words.size() == 1 && words[0].quoted && words[0].raw.starts_with('`')) return run(words[0].text);
  if (is_one_of(words[0], {"$"}) && words.size() > 1) return run(raw_text(words.subspan(1)));
  if (is_one_of(words[0], {"git", "npm", "npx", "cargo", "python", "python3", "node", "cmake", "ctest", "docker", "whoami", "uname", "echo"})) return run(raw_text(words));
  if (!is_one_of(words[0], {"run", "execute", "exec", "sh"})) return std::nullopt;
  Words rest = words.subspan(1);
  while (!rest.empty() && is_one_of(rest.front(), {"the", "command", "shell", "this", "following"}) && rest.size() > 1) rest = rest.subspan(1);
  if (rest.empty()) return ask_back("Which command? For example: run `make test`");
  // One quoted word is the command; several are a command line that holds quotes.
  return run(rest.front().quoted && (rest.size() == 1 || rest.front().raw.starts_with('`')) ? rest.front().text : raw_text(rest));
}

Match parse_fetching(Words words) {
  const auto url = std::ranges::find_if(words, looks_like_url);
  if (url == words.end()) {
    if (is_one_of(words[0], {"fetch", "download", "curl"})) return ask_back("Which address? For example: fetch https://example.org");
    return std::nullopt;
  }
  if (words.size() > 1 && !is_one_of(words[0], {"fetch", "download", "curl", "get", "open", "read", "show", "browse", "visit", "load", "what", "what's", "look", "check"})) return std::nullopt;
  return make(Kind::kFetch, url->text, "http.request", {{"method", "GET"}, {"url", url->text}});
}

Match parse_memory(Words words) {
  const bool keeps = is_one_of(words[0], {"remember", "memorize", "memorise", "note"}) || starts_with(words, {"keep", "in", "mind"}) ||
                     starts_with(words, {"do", "not", "forget"}) || starts_with(words, {"don't", "forget"}) || starts_with(words, {"take", "a", "note"}) ||
                     starts_with(words, {"make", "a", "note"}) || starts_with(words, {"add", "a", "note"});
  if (keeps) {
    std::size_t skip = is_one_of(words[0], {"remember", "memorize", "memorise", "note"}) ? 1 : starts_with(words, {"don't", "forget"}) ? 2 : 3;
    while (skip < words.size() && is_one_of(words[skip], {"that", "this", "following", "down", "of"}) && skip < 5) ++skip;
    const Words note = words.subspan(std::min(skip, words.size()));
    return remember(note.size() == 1 ? note.front().text : raw_text(note));
  }
  const bool asks = is_one_of(words[0], {"recall"}) || (is_one_of(words[0], {"what", "do", "did", "show", "list", "tell"}) && contains(words, {"remember", "memories"})) ||
                    starts_with(words, {"what", "do", "you", "know"}) || starts_with(words, {"what", "did", "i"});
  if (!asks) return std::nullopt;
  const std::size_t about = find_word(words, {"about", "on", "of", "regarding"});
  if (about + 1 < words.size()) return recall(plain_text(words.subspan(about + 1)));
  if (is_one_of(words[0], {"recall"})) return recall(plain_text(words.subspan(1)));
  const std::size_t verb = find_word(words, {"remember"});
  if (starts_with(words, {"do", "you"}) && verb + 1 < words.size()) return recall(plain_text(words.subspan(verb + 1)));
  return recall({});
}

Match parse_talk(Words words) {
  if (is_one_of(words[0], {"help", "?", "commands", "usage", "/help"}) && words.size() <= 3) return talk(Kind::kHelp);
  if (starts_with(words, {"what", "can", "you"}) || starts_with(words, {"what", "can", "i"}) || starts_with(words, {"what", "do", "you", "do"}) ||
      starts_with(words, {"how", "does", "this", "work"}) || starts_with(words, {"how", "do", "you", "work"}) || starts_with(words, {"what", "commands"}) ||
      starts_with(words, {"list", "tools"}) || starts_with(words, {"show", "help"}) || starts_with(words, {"what", "do", "you", "understand"})) {
    return talk(Kind::kHelp);
  }
  const bool about_models = contains(words, {"model", "models", "ai", "ollama", "openai", "gpt", "claude", "llm", "provider", "api", "key"});
  if (about_models && (is_one_of(words[0], {"add", "connect", "use", "switch", "install", "configure", "set", "list", "show"}) || starts_with(words, {"how", "do"}) || starts_with(words, {"how", "can"}))) {
    return talk(Kind::kConnect);
  }
  if (is_one_of(words[0], {"who"}) || starts_with(words, {"what", "are", "you"}) || starts_with(words, {"are", "you"}) || starts_with(words, {"what", "model"}) ||
      starts_with(words, {"which", "model"}) || starts_with(words, {"what", "is", "pryx"}) || starts_with(words, {"what's", "your", "name"}) || starts_with(words, {"what", "is", "your", "name"})) {
    return talk(Kind::kWho);
  }
  if (words.size() <= 4 && is_one_of(words[0], {"hello", "hi", "hey", "howdy", "greetings", "hallo", "yo"})) return talk(Kind::kHello);
  if (words.size() == 2 && is_one_of(words[0], {"good"}) && is_one_of(words[1], {"morning", "afternoon", "evening", "day"})) return talk(Kind::kHello);
  if (words.size() <= 4 && is_one_of(words[0], {"thanks", "thank", "thx", "bye", "goodbye", "cheers", "great", "nice", "cool", "perfect"})) return talk(Kind::kThanks);
  return std::nullopt;
}

// "tool fs.read {"path":"x"}": any tool with its own arguments.
Match parse_direct(Words words) {
  if (!is_one_of(words[0], {"tool", "call"}) || words.size() < 2 || words[1].text.find('.') == std::string::npos) return std::nullopt;
  json::object arguments;
  if (words.size() > 2) {
    auto parsed = json::parse_object(raw_text(words.subspan(2)));
    if (!parsed) return ask_back(fmt::format("The arguments must be a JSON object, for example: tool {} {{\"path\":\"README.md\"}}", words[1].text));
    arguments = std::move(*parsed);
  }
  return make(Kind::kDirect, words[1].text, words[1].text, std::move(arguments));
}

Intent parse_command(Words words) {
  // The first that fits wins: small talk and free text before everything that looks for single words.
  for (const auto parse : {&parse_direct, &parse_memory, &parse_talk, &parse_running, &parse_fetching, &parse_overview, &parse_counting, &parse_lines,
                           &parse_facts, &parse_editing, &parse_writing, &parse_search, &parse_listing, &parse_reading}) {
    if (Match match = parse(words)) return std::move(*match);
  }
  // A bare file name means: show it.
  if (words.size() == 1 && looks_like_path(words[0])) return read(words[0].text);
  return talk(Kind::kUnknown);
}

}  // namespace

std::vector<Intent> parse_commands(std::string_view message) {
  const std::vector<Word> words = split_words(utf8_prefix(message, kMaxMessage));
  std::vector<Intent> out;
  for (const Words command : split_commands(words)) {
    if (out.size() == kMaxCommands) break;
    Intent intent = parse_command(command);
    intent.said = raw_text(command);
    out.push_back(std::move(intent));
  }
  if (out.empty()) out.push_back(talk(Kind::kHelp));
  return out;
}

}  // namespace pryx::models
