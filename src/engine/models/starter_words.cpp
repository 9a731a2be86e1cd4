// SPDX-License-Identifier: MIT
#include "engine/models/starter_words.h"

#include <algorithm>
#include <array>

#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";
constexpr std::string_view kMarks = ",;.!?:";

// Words that begin a command. A comma or "and" splits only in front of one of these.
constexpr std::array kCommandWords = std::to_array<std::string_view>({
    "append",   "cat",   "change", "copy",    "count",  "create",    "curl",      "delete", "display", "does",
    "download", "edit",  "exec",   "execute", "fetch",  "find",      "get",       "give",   "grep",    "head",
    "help",     "how",   "list",   "locate",  "look",   "ls",        "make",      "mkdir",  "move",    "note",
    "open",     "print", "put",    "read",    "recall", "remember",  "remove",    "rename", "replace", "rm",
    "run",      "save",  "search", "show",    "stat",   "summarise", "summarize", "tail",   "tell",    "tool",
    "tree",     "view",  "what",   "what's",  "when",   "where",     "who",       "write",
});

// After these the rest is free text in which "and" and commas mean nothing.
constexpr std::array kFreeTextWords =
    std::to_array<std::string_view>({"remember", "note", "memorize", "memorise"});

// What may stand in front of a command and says nothing.
constexpr std::array kPoliteness = std::to_array<std::string_view>({
    "can you",
    "could you",
    "would you",
    "will you",
    "i want you to",
    "i would like you to",
    "i'd like you to",
    "i want to",
    "i need you to",
    "let's",
    "lets",
    "please",
    "kindly",
    "just",
    "now",
    "also",
    "and",
    "then",
    "first",
    "next",
    "finally",
    "ok",
    "okay",
    "so",
    "pryx",
    "afterwards",
    "after that",
});

bool is_command_word(const Word& word) {
  return !word.quoted && std::ranges::binary_search(kCommandWords, std::string_view(word.lower));
}

bool starts_free_text(Words words) {
  const std::size_t first = !words.empty() && is_one_of(words.front(), {"please"}) ? 1 : 0;
  return words.size() > first && !words[first].quoted &&
         std::ranges::find(kFreeTextWords, words[first].lower) != kFreeTextWords.end();
}

// Opening quote to closing quote; 0 when this character opens none.
std::string_view closing_quote(std::string_view rest) {
  if (rest.starts_with('"')) return "\"";
  if (rest.starts_with('\'')) return "'";
  if (rest.starts_with('`')) return "`";
  if (rest.starts_with("\xE2\x80\x9C")) return "\xE2\x80\x9D";  // “ ”
  if (rest.starts_with("\xE2\x80\x98")) return "\xE2\x80\x99";  // ‘ ’
  return {};
}

std::size_t opening_size(std::string_view closing) { return closing.size(); }

// An apostrophe inside of a word closes nothing: the quote ends before a blank, a mark or the end.
std::size_t find_closing(std::string_view text, std::size_t from, std::string_view closing) {
  for (std::size_t at = text.find(closing, from); at != std::string_view::npos;
       at = text.find(closing, at + 1)) {
    const std::size_t after = at + closing.size();
    if (closing == "`" || after >= text.size() || kBlanks.find(text[after]) != std::string_view::npos ||
        kMarks.find(text[after]) != std::string_view::npos)
      return at;
  }
  return std::string_view::npos;
}

// The marks at the end of a word, but not of "." and "..".
char take_marks(std::string_view& text) {
  char mark = 0;
  while (text.size() > 1 && kMarks.find(text.back()) != std::string_view::npos && text != ".." &&
         !text.ends_with("/.")) {
    mark = text.back();
    text.remove_suffix(1);
  }
  return mark;
}

Words without_politeness(Words words) {
  for (bool again = true; again && words.size() > 1;) {
    again = false;
    for (const std::string_view phrase : kPoliteness) {
      const auto length = static_cast<std::size_t>(std::ranges::count(phrase, ' ')) + 1;
      if (words.size() <= length || lower_ascii(plain_text(words.first(length))) != phrase ||
          words.front().quoted)
        continue;
      // "first 10 lines of x" is no politeness.
      if (phrase == "first" && !words[1].lower.empty() && words[1].lower.front() >= '0' &&
          words[1].lower.front() <= '9')
        continue;
      words = words.subspan(length);
      again = true;
      break;
    }
  }
  while (words.size() > 1 && is_one_of(words.back(), {"please", "thanks", "now"}))
    words = words.first(words.size() - 1);
  while (words.size() > 2 && is_one_of(words.back(), {"me", "us"}) &&
         is_one_of(words[words.size() - 2], {"for"}))
    words = words.first(words.size() - 2);
  return words;
}

// Whether a command ends behind words[at].
bool ends_here(Words words, std::size_t begin, std::size_t at) {
  const Word& word = words[at];
  if (at + 1 == words.size() || word.mark == '\n' || word.mark == ';') return true;
  const Word& next = words[at + 1];
  const bool next_is_then =
      is_one_of(next, {"then"}) && at + 2 < words.size() && is_command_word(words[at + 2]);
  const bool next_is_and_then =
      is_one_of(next, {"and"}) && at + 2 < words.size() && is_one_of(words[at + 2], {"then"});
  if (next_is_then || next_is_and_then) return true;
  if (starts_free_text(words.subspan(begin))) return false;
  if (word.mark == '.' || word.mark == '!' || word.mark == '?') return true;
  const bool next_is_and_command =
      is_one_of(next, {"and", "also"}) && at + 2 < words.size() && is_command_word(words[at + 2]);
  if (word.mark == ',' &&
      (is_command_word(next) || next_is_and_command || is_one_of(next, {"then", "finally"})))
    return true;
  return next_is_and_command;
}

}  // namespace

std::vector<Word> split_words(std::string_view message, std::size_t max_words) {
  std::vector<Word> out;
  std::size_t at = 0;
  while (out.size() < max_words) {
    const std::size_t begin = message.find_first_not_of(kBlanks, at);
    if (!out.empty() && message.substr(at, begin == std::string_view::npos ? begin : begin - at).find('\n') !=
                            std::string_view::npos)
      out.back().mark = '\n';
    if (begin == std::string_view::npos) break;
    Word word;
    const std::string_view closing = closing_quote(message.substr(begin));
    const std::size_t inside = begin + opening_size(closing);
    const std::size_t end_quote =
        closing.empty() ? std::string_view::npos : find_closing(message, inside, closing);
    if (end_quote != std::string_view::npos) {
      word.quoted = true;
      word.text = message.substr(inside, end_quote - inside);
      at = end_quote + closing.size();
      word.raw = message.substr(begin, at - begin);
      while (at < message.size() && kMarks.find(message[at]) != std::string_view::npos)
        word.mark = message[at++];
    } else {
      at = std::min(message.find_first_of(kBlanks, begin), message.size());
      std::string_view text = message.substr(begin, at - begin);
      word.mark = take_marks(text);
      word.text = text;
      word.raw = text;
    }
    word.lower = lower_ascii(word.text);
    out.push_back(std::move(word));
  }
  return out;
}

std::vector<Words> split_commands(Words words) {
  std::vector<Words> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (!ends_here(words, begin, at)) continue;
    const Words command = without_politeness(words.subspan(begin, at + 1 - begin));
    const bool only_connects =
        command.size() == 1 && is_one_of(command[0], {"and", "then", "also", "next", "finally"});
    if (!command.empty() && !only_connects) out.push_back(command);
    begin = at + 1;
  }
  return out;
}

bool is_one_of(const Word& word, std::initializer_list<std::string_view> any) {
  return !word.quoted && std::ranges::find(any, std::string_view(word.lower)) != any.end();
}

bool contains(Words words, std::initializer_list<std::string_view> any) {
  return find_word(words, any) < words.size();
}

bool starts_with(Words words, std::initializer_list<std::string_view> sequence) {
  if (words.size() < sequence.size()) return false;
  return std::ranges::equal(
      sequence, words.first(sequence.size()),
      [](std::string_view expected, const Word& word) { return !word.quoted && word.lower == expected; });
}

std::size_t find_word(Words words, std::initializer_list<std::string_view> any, std::size_t from) {
  for (std::size_t i = from; i < words.size(); ++i) {
    if (is_one_of(words[i], any)) return i;
  }
  return words.size();
}

std::string raw_text(Words words) {
  if (words.empty()) return {};
  const std::string_view first = words.front().raw;
  const std::string_view last = words.back().raw;
  return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

std::string plain_text(Words words) {
  std::string out;
  for (const Word& word : words) {
    if (!out.empty()) out += ' ';
    out += word.text;
  }
  return out;
}

bool looks_like_url(const Word& word) {
  return word.lower.starts_with("http://") || word.lower.starts_with("https://");
}

bool looks_like_path(const Word& word) {
  if (looks_like_url(word)) return false;
  return word.text == "." || word.text == ".." || word.text.find('/') != std::string::npos ||
         word.text.find('.', 1) != std::string::npos ||
         is_one_of(word, {"readme", "makefile", "dockerfile", "license"});
}

}  // namespace pryx::models
