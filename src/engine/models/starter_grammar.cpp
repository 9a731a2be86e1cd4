// SPDX-License-Identifier: MIT
#include "engine/models/starter_grammar.h"

#include <algorithm>
#include <charconv>

#include "foundation/base/text.h"

namespace pryx::models::grammar {

using Kind = Intent::Kind;

Intent make(Kind kind, std::string subject, std::string tool, json::object arguments) {
  return Intent{kind, {}, std::move(subject), std::move(tool), std::move(arguments)};
}
Intent talk(Kind kind) { return make(kind, {}, {}, {}); }
Intent ask_back(std::string question) { return make(Kind::kNeedsDetail, std::move(question), {}, {}); }

std::string path_in(Words words) {
  for (const Word& word : words) {
    if (word.quoted || looks_like_path(word)) return word.text;
  }
  for (const Word& word : words) {
    if (!is_one_of(word, kPathFillers) && !word.text.starts_with('-') && !looks_like_url(word))
      return word.text;
  }
  return {};
}

std::optional<std::int64_t> number_in(const Word& word) {
  std::int64_t number = 0;
  std::string_view text = word.text;
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 ? std::optional(number)
                                                                                : std::nullopt;
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
  if (note.empty())
    return ask_back("What shall I remember? For example: remember that the demo is on Friday");
  json::object arguments{{"text", note}};
  return make(Kind::kRemember, std::move(note), "memory.save", std::move(arguments));
}

}  // namespace pryx::models::grammar
