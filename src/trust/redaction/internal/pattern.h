// SPDX-License-Identifier: MIT
// A detector that is a regular expression and, where shape alone does not decide, a check of what it found.
// Pure.
#pragma once
#include <re2/re2.h>

#include <memory>
#include <span>

#include "trust/redaction/internal/scan.h"

namespace pryx::redaction {

struct Candidate {
  std::string_view text;  // all of it
  std::size_t begin = 0;  // of the value
  std::size_t end = 0;
  [[nodiscard]] std::string_view value() const { return text.substr(begin, end - begin); }
};

struct PatternText {
  Kind kind;
  std::string_view hint;   // the text has to hold this, or the pattern is not tried; empty: always tried
  const char* expression;  // the first group is the value; without a group, the whole match
  bool (*accept)(const Candidate&) = nullptr;
};

// Compiled once; reading bytes, so that no text is too ill-formed to be looked at.
class Patterns {
 public:
  explicit Patterns(std::span<const PatternText> texts);
  void scan(Scan& scan, std::string_view text) const;

 private:
  struct Compiled {
    const PatternText* text;
    std::unique_ptr<re2::RE2> expression;
  };
  std::vector<Compiled> compiled_;
};

[[nodiscard]] std::unique_ptr<re2::RE2> compile(const char* expression);

}  // namespace pryx::redaction
