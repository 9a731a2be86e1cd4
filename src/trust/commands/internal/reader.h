// SPDX-License-Identifier: MIT
// The shell's grammar, read by hand: words with their quotes, redirections and here-documents, and above them
// pipelines, lists and groups.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trust/commands/internal/unwrap.h"

namespace pryx::commands::internal {

// Whether the shell reads this word as a part of its grammar where a command begins.
[[nodiscard]] bool is_keyword(std::string_view word);

// Reads one text into found.parse. What is not understood is noted and reading goes on where it can, so that
// people and deny rules see the commands that were found; a syntax error ends it.
class Reader {
 public:
  Reader(std::string_view text, Found found, const SimpleCommand& outer, int depth)
      : text_(text), found_(found), outer_(outer), depth_(depth) {}
  void read();

 private:
  struct Document {  // a here-document whose body has not come yet
    std::string delimiter;
    bool quoted = false;
    bool strip_tabs = false;
    std::size_t command = 0;   // in queue_
    std::size_t redirect = 0;  // of that command
  };
  struct Queued {
    SimpleCommand command;
    std::vector<Word> words;
  };
  enum class End : std::uint8_t { kText, kParenthesis, kBrace, kSubstitution };

  // Commands.
  void read_list(End end);
  bool read_pipeline(End end);
  bool read_command(End end);
  bool read_group(End end);
  bool read_simple();
  bool read_control(std::string_view keyword);
  bool read_redirect(Queued& into, std::string_view fd, bool of_group);
  bool read_group_redirects(std::size_t first_command);

  // Words.
  bool read_word(Word& word, std::size_t& equals);
  void read_single(Word& word);
  void read_double(Word& word);
  void read_escape(Word& word);
  void read_dollar(Word& word, bool in_quotes);
  void read_backquotes();
  void read_substitution();
  void skip_braces();

  // Here-documents.
  void read_documents();
  void read_document(const Document& document);

  // Characters.
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] std::string_view reserved_word() const;
  void skip_blanks();
  bool skip_newlines();
  void take_newline();
  [[nodiscard]] bool is(std::string_view token) const { return text_.substr(at_).starts_with(token); }
  bool broken(std::string_view why);  // a syntax error: nothing behind it is read; always false
  void note(std::string_view why) { found_.incomplete(why); }

  std::string_view text_;
  Found found_;
  const SimpleCommand& outer_;
  int depth_;
  std::size_t at_ = 0;
  bool stopped_ = false;
  std::vector<Queued> queue_;        // every command of the text, in order
  std::vector<Document> documents_;  // of the line being read
};

}  // namespace pryx::commands::internal
