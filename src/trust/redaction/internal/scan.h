// SPDX-License-Identifier: MIT
// What the detectors share: the text in the two forms they read, and where they report. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "trust/redaction/redactor.h"

namespace pryx::redaction {

class Scan {
 public:
  Scan(std::string_view text, const Options& options);
  [[nodiscard]] std::string_view text() const { return text_; }
  // The same length, with the escapes of line breaks, tabs and quotes blanked: text inside of JSON or of
  // source code has its words at the same places as when it is read.
  [[nodiscard]] std::string_view plain() const { return plain_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] bool wants(Kind kind) const { return !options_.off[static_cast<std::size_t>(kind)]; }
  void add(std::size_t begin, std::size_t end, Kind kind) { found_.push_back({begin, end, kind}); }
  [[nodiscard]] std::vector<Finding> take() { return std::move(found_); }

 private:
  std::string_view text_;
  std::string plain_;
  const Options& options_;
  std::vector<Finding> found_;
};

void scan_canaries(Scan& scan);
void scan_private_keys(Scan& scan);
void scan_tokens(Scan& scan);       // JWT, vendor tokens, headers
void scan_assignments(Scan& scan);  // passwords, URLs with credentials, connection strings
void scan_emails(Scan& scan);
void scan_numbers(Scan& scan);  // IBAN, cards, national ids, phones
void scan_places(Scan& scan);   // addresses, home folders

// A key whose value is a secret whatever it looks like: "password", "client_secret", "api-key".
[[nodiscard]] bool is_secret_key(std::string_view key);

// --- ASCII, so that nothing depends on a locale
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_letter(char c) { return is_lower(c) || is_upper(c); }
inline bool is_alnum(char c) { return is_letter(c) || is_digit(c); }
inline bool is_word(char c) { return is_alnum(c) || c == '_'; }
inline bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
// NUL beyond the ends.
inline char char_before(std::string_view text, std::size_t at) { return at == 0 ? '\0' : text[at - 1]; }
inline char char_at(std::string_view text, std::size_t at) { return at < text.size() ? text[at] : '\0'; }

}  // namespace pryx::redaction
