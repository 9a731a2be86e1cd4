// SPDX-License-Identifier: MIT
#include "engine/models/starter_grammar.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::models::grammar {

using Kind = Intent::Kind;

namespace {

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
    while (text.size() > 1 && is_one_of(text.front(), {"the", "content", "contents", "text", "line"}))
      text = text.subspan(1);
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
      if (words[i].mark == ':' && i + 1 < words.size())
        return {raw_text(words.subspan(i + 1)), path_in(words.first(i + 1))};
    }
    out.path = path_in(words);
    return out;
  }
  Words text = words.first(to);
  while (text.size() > 1 && is_one_of(text.front(), {"the", "text", "line", "words"}) && text.back().quoted)
    text = text.subspan(1);
  out.text = text.size() == 1 ? text.front().text : raw_text(text);
  out.path = path_in(words.subspan(to + 1));
  return out;
}

}  // namespace

Match parse_writing(Words words) {
  const bool makes = is_one_of(words[0], {"create", "make"});
  if (is_one_of(words[0], {"mkdir"}) || (makes && contains(words, {"folder", "directory"}))) {
    const std::string path = path_in(words.subspan(1));
    return path.empty() ? ask_back("Which folder? For example: create the folder notes")
                        : run("mkdir -p -- " + shell_quoted(path));
  }
  if (makes && !contains(words, {"file", "note"}) && std::ranges::none_of(words, looks_like_path)) {
    return is_one_of(words[0], {"make"}) ? Match(run(raw_text(words))) : std::nullopt;
  }
  const bool appends = is_one_of(words[0], {"append"}) ||
                       (is_one_of(words[0], {"add"}) && std::ranges::any_of(words, looks_like_path));
  if (!makes && !appends && !is_one_of(words[0], {"write", "save", "put"})) return std::nullopt;
  if (contains(words, {"memory"})) {
    const std::size_t to = find_word(words, {"to", "in", "into"});
    return remember(plain_text(words.subspan(1, to - 1)));
  }
  // "write me a poem" is nothing a command can do.
  const bool names_file =
      contains(words, {"file", "note"}) ||
      std::ranges::any_of(words, [](const Word& word) { return word.quoted || looks_like_path(word); });
  if (words.size() > 1 && !names_file) return std::nullopt;
  const bool is_empty = contains(words.first(std::min<std::size_t>(words.size(), 4)), {"empty"});
  std::vector<Word> rest(words.begin() + 1, words.end());
  std::erase_if(rest, [](const Word& word) { return is_one_of(word, {"empty"}); });
  TextAndPath both = text_and_path(rest);
  if (both.path.empty()) return ask_back("Into which file? For example: write 'hello' to notes.txt");
  if (both.text.empty() && !is_empty)
    return ask_back(
        fmt::format("What shall I write to {}? For example: write 'hello' to {}", both.path, both.path));
  // A file of text ends with a line end.
  if (!both.text.empty() && !both.text.ends_with('\n')) both.text += '\n';
  json::object arguments{{"path", both.path}, {"content", both.text}};
  if (appends) arguments["append"] = true;
  return make(appends ? Kind::kAppend : Kind::kWrite, std::move(both.path), "fs.write", std::move(arguments));
}

Match parse_editing(Words words) {
  if (is_one_of(words[0], {"delete", "remove", "rm"}) && words.size() > 1) {
    const std::string path = path_in(words.subspan(1));
    return path.empty() ? ask_back("Which file? For example: delete notes.txt")
                        : run("rm -- " + shell_quoted(path));
  }
  if (is_one_of(words[0], {"copy", "move", "rename", "cp", "mv"})) {
    const std::size_t to = find_word(words, {"to", "into", "as"});
    const std::string from = path_in(words.subspan(1, std::min(to, words.size()) - 1));
    const std::string target = to < words.size()   ? path_in(words.subspan(to + 1))
                               : words.size() == 3 ? words[2].text
                                                   : "";
    if (from.empty() || target.empty()) return ask_back("What to where? For example: copy a.txt to b.txt");
    return run(fmt::format("{} -- {} {}", is_one_of(words[0], {"copy", "cp"}) ? "cp" : "mv",
                           shell_quoted(from), shell_quoted(target)));
  }
  const std::size_t verb = find_word(words, {"replace", "change", "substitute"});
  const bool in_front = is_one_of(words[0], {"in", "edit"});
  if (verb == words.size() || (verb > 0 && !in_front)) {
    if (is_one_of(words[0], {"edit"}))
      return ask_back("How? For example: replace 'old' with 'new' in notes.txt");
    return std::nullopt;
  }
  const std::size_t by = find_word(words, {"with", "by", "to"}, verb + 1);
  if (by + 1 >= words.size()) return ask_back("By what? For example: replace 'old' with 'new' in notes.txt");
  const std::size_t in = find_word(words, {"in", "inside"}, by + 1);
  const std::string path = in < words.size() ? path_in(words.subspan(in + 1))
                                             : path_in(words.first(verb).subspan(in_front ? 1 : 0));
  const std::string before = plain_text(words.subspan(verb + 1, by - verb - 1));
  const std::string after = plain_text(words.subspan(by + 1, std::min(in, words.size()) - by - 1));
  if (path.empty() || before.empty())
    return ask_back("In which file? For example: replace 'old' with 'new' in notes.txt");
  return make(Kind::kEdit, path, "fs.edit", {{"path", path}, {"old_text", before}, {"new_text", after}});
}

Match parse_running(Words words) {
  if (words.size() == 1 && words[0].quoted && words[0].raw.starts_with('`')) return run(words[0].text);
  if (is_one_of(words[0], {"$"}) && words.size() > 1) return run(raw_text(words.subspan(1)));
  if (is_one_of(words[0], {"git", "npm", "npx", "cargo", "python", "python3", "node", "cmake", "ctest",
                           "docker", "whoami", "uname", "echo"}))
    return run(raw_text(words));
  if (!is_one_of(words[0], {"run", "execute", "exec", "sh"})) return std::nullopt;
  Words rest = words.subspan(1);
  while (!rest.empty() && is_one_of(rest.front(), {"the", "command", "shell", "this", "following"}) &&
         rest.size() > 1)
    rest = rest.subspan(1);
  if (rest.empty()) return ask_back("Which command? For example: run `make test`");
  // One quoted word is the command; several are a command line that holds quotes.
  return run(rest.front().quoted && (rest.size() == 1 || rest.front().raw.starts_with('`'))
                 ? rest.front().text
                 : raw_text(rest));
}

Match parse_fetching(Words words) {
  const auto url = std::ranges::find_if(words, looks_like_url);
  if (url == words.end()) {
    if (is_one_of(words[0], {"fetch", "download", "curl"}))
      return ask_back("Which address? For example: fetch https://example.org");
    return std::nullopt;
  }
  if (words.size() > 1 &&
      !is_one_of(words[0], {"fetch", "download", "curl", "get", "open", "read", "show", "browse", "visit",
                            "load", "what", "what's", "look", "check"}))
    return std::nullopt;
  return make(Kind::kFetch, url->text, "http.request", {{"method", "GET"}, {"url", url->text}});
}

Match parse_memory(Words words) {
  const bool keeps = is_one_of(words[0], {"remember", "memorize", "memorise", "note"}) ||
                     starts_with(words, {"keep", "in", "mind"}) ||
                     starts_with(words, {"do", "not", "forget"}) || starts_with(words, {"don't", "forget"}) ||
                     starts_with(words, {"take", "a", "note"}) || starts_with(words, {"make", "a", "note"}) ||
                     starts_with(words, {"add", "a", "note"});
  if (keeps) {
    std::size_t skip = is_one_of(words[0], {"remember", "memorize", "memorise", "note"}) ? 1
                       : starts_with(words, {"don't", "forget"})                         ? 2
                                                                                         : 3;
    while (skip < words.size() && is_one_of(words[skip], {"that", "this", "following", "down", "of"}) &&
           skip < 5)
      ++skip;
    const Words note = words.subspan(std::min(skip, words.size()));
    return remember(note.size() == 1 ? note.front().text : raw_text(note));
  }
  const bool asks = is_one_of(words[0], {"recall"}) ||
                    (is_one_of(words[0], {"what", "do", "did", "show", "list", "tell"}) &&
                     contains(words, {"remember", "memories"})) ||
                    starts_with(words, {"what", "do", "you", "know"}) ||
                    starts_with(words, {"what", "did", "i"});
  if (!asks) return std::nullopt;
  const std::size_t about = find_word(words, {"about", "on", "of", "regarding"});
  if (about + 1 < words.size()) return recall(plain_text(words.subspan(about + 1)));
  if (is_one_of(words[0], {"recall"})) return recall(plain_text(words.subspan(1)));
  const std::size_t verb = find_word(words, {"remember"});
  if (starts_with(words, {"do", "you"}) && verb + 1 < words.size())
    return recall(plain_text(words.subspan(verb + 1)));
  return recall({});
}

Match parse_talk(Words words) {
  if (is_one_of(words[0], {"help", "?", "commands", "usage", "/help"}) && words.size() <= 3)
    return talk(Kind::kHelp);
  if (starts_with(words, {"what", "can", "you"}) || starts_with(words, {"what", "can", "i"}) ||
      starts_with(words, {"what", "do", "you", "do"}) ||
      starts_with(words, {"how", "does", "this", "work"}) ||
      starts_with(words, {"how", "do", "you", "work"}) || starts_with(words, {"what", "commands"}) ||
      starts_with(words, {"list", "tools"}) || starts_with(words, {"show", "help"}) ||
      starts_with(words, {"what", "do", "you", "understand"})) {
    return talk(Kind::kHelp);
  }
  const bool about_models = contains(
      words, {"model", "models", "ai", "ollama", "openai", "gpt", "claude", "llm", "provider", "api", "key"});
  if (about_models && (is_one_of(words[0], {"add", "connect", "use", "switch", "install", "configure", "set",
                                            "list", "show"}) ||
                       starts_with(words, {"how", "do"}) || starts_with(words, {"how", "can"}))) {
    return talk(Kind::kConnect);
  }
  if (is_one_of(words[0], {"who"}) || starts_with(words, {"what", "are", "you"}) ||
      starts_with(words, {"are", "you"}) || starts_with(words, {"what", "model"}) ||
      starts_with(words, {"which", "model"}) || starts_with(words, {"what", "is", "pryx"}) ||
      starts_with(words, {"what's", "your", "name"}) || starts_with(words, {"what", "is", "your", "name"})) {
    return talk(Kind::kWho);
  }
  if (words.size() <= 4 && is_one_of(words[0], {"hello", "hi", "hey", "howdy", "greetings", "hallo", "yo"}))
    return talk(Kind::kHello);
  if (words.size() == 2 && is_one_of(words[0], {"good"}) &&
      is_one_of(words[1], {"morning", "afternoon", "evening", "day"}))
    return talk(Kind::kHello);
  if (words.size() <= 4 && is_one_of(words[0], {"thanks", "thank", "thx", "bye", "goodbye", "cheers", "great",
                                                "nice", "cool", "perfect"}))
    return talk(Kind::kThanks);
  return std::nullopt;
}

// "tool fs.read {"path":"x"}": any tool with its own arguments.
Match parse_direct(Words words) {
  if (!is_one_of(words[0], {"tool", "call"}) || words.size() < 2 ||
      words[1].text.find('.') == std::string::npos)
    return std::nullopt;
  json::object arguments;
  if (words.size() > 2) {
    auto parsed = json::parse_object(raw_text(words.subspan(2)));
    if (!parsed)
      return ask_back(
          fmt::format("The arguments must be a JSON object, for example: tool {} {{\"path\":\"README.md\"}}",
                      words[1].text));
    arguments = std::move(*parsed);
  }
  return make(Kind::kDirect, words[1].text, words[1].text, std::move(arguments));
}

}  // namespace pryx::models::grammar
