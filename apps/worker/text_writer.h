// SPDX-License-Identifier: MIT
// Text as it grows: white space collapses, blocks are kept apart, the whole is bounded. A value.
#pragma once
#include <string>
#include <string_view>

namespace pryx::worker {

class TextWriter {
 public:
  explicit TextWriter(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  void flowing(std::string_view text);                      // runs of white space become one space
  void verbatim(std::string_view text);                     // inside <pre>
  void mark(std::string_view text);                         // ours: bullets, brackets
  void mark_tight(std::string_view text) { append(text); }  // right behind the last character
  void separate(int newlines);  // before whatever comes next; the larger wish wins
  [[nodiscard]] std::size_t size() const { return text_.size(); }
  void cut_back(std::size_t size) { text_.resize(size); }
  [[nodiscard]] bool is_full() const { return full_; }
  [[nodiscard]] std::string take();

 private:
  void append(std::string_view text);
  void flush();

  std::size_t max_bytes_;
  std::string text_;
  int newlines_ = 0;
  bool space_ = false;
  bool full_ = false;
};

}  // namespace pryx::worker
