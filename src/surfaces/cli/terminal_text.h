// SPDX-License-Identifier: MIT
// The one sanitiser for all foreign text that reaches a terminal: model output, tool results, file names, log
// lines, API fields. Only printable text, \n and \t survive; controls, escape sequences, bidi controls,
// zero-width tricks, stacked marks and invalid UTF-8 become visible escapes (\x1b, \u{202e}). Everything that
// the command line prints passes here, last, in Console and LiveRegion. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pryx::cli {

enum class Exactness : std::uint8_t {
  kReadable,  // joiners inside emoji and joining scripts stay, CR LF becomes LF; sanitising twice changes
              // nothing
  kExact,  // what a person decides on: every such character is shown, and restore_exact() gives the original
           // bytes back
};

// For text that arrives in pieces: sequences and joiners that are cut by a piece's end are judged whole.
class TextSanitizer {
 public:
  explicit TextSanitizer(Exactness exactness = Exactness::kReadable) : exactness_(exactness) {}
  [[nodiscard]] std::string feed(std::string_view piece);
  [[nodiscard]] std::string finish();  // what was held back; then the state is as at the start

 private:
  void take(char32_t code_point, std::string& out);
  void take_invalid(std::string_view bytes, std::string& out);
  void release_held(char32_t next, std::string& out);
  void emit(char32_t code_point, std::string& out);

  Exactness exactness_;
  std::string partial_;    // the start of a UTF-8 sequence
  char32_t held_ = 0;      // CR, a joiner or a backslash, whose fate the next character decides
  char32_t previous_ = 0;  // last visible character; 0 at the start of a line
  int marks_ = 0;          // combining marks on it
};

[[nodiscard]] std::string sanitize(std::string_view foreign, Exactness exactness = Exactness::kReadable);
// For one line of output: line breaks and tabs become visible or blank too.
[[nodiscard]] std::string sanitize_line(std::string_view foreign);
// The inverse of sanitize(kExact).
[[nodiscard]] std::string restore_exact(std::string_view shown);

}  // namespace pryx::cli
