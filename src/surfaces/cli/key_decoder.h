// SPDX-License-Identifier: MIT
// From the bytes that a terminal in raw mode sends to keys. Unknown sequences are swallowed whole, a paste
// comes as one key, and nothing is kept without a bound. Pure; one owner.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pryx::cli {

struct Key {
  enum class Kind : std::uint8_t {
    kText,   // printable UTF-8 in `text`
    kPaste,  // `text` with \n line ends; may hold anything
    kEnter,
    kNewline,  // Ctrl-J, Alt-Enter, Shift-Enter where the terminal tells
    kTab,
    kBackspace,
    kDelete,
    kLeft,
    kRight,
    kWordLeft,
    kWordRight,
    kUp,
    kDown,
    kHome,
    kEnd,
    kEscape,
    kControl,  // `text` is the lower-case letter
  };
  Kind kind = Kind::kText;
  std::string text;
  bool operator==(const Key&) const = default;
};

class KeyDecoder {
 public:
  [[nodiscard]] std::vector<Key> feed(std::string_view bytes);
  // No more bytes came for a moment: a lone escape byte was the Escape key.
  [[nodiscard]] std::vector<Key> flush();
  [[nodiscard]] bool has_pending() const { return !pending_.empty() && !in_paste_; }

 private:
  // Bytes used by the first key of pending_; 0 when more are needed.
  std::size_t take_one(std::vector<Key>& out);
  std::size_t take_escape(std::vector<Key>& out);
  std::size_t take_paste(std::vector<Key>& out);

  std::string pending_;
  std::string paste_;
  bool in_paste_ = false;
};

}  // namespace pryx::cli
