// SPDX-License-Identifier: MIT
#include "trust/redaction/internal/pattern.h"

#include "foundation/base/result.h"

namespace pryx::redaction {

std::unique_ptr<re2::RE2> compile(const char* expression) {
  re2::RE2::Options how(re2::RE2::Latin1);
  how.set_log_errors(false);
  how.set_max_mem(32 << 20);
  auto compiled = std::make_unique<re2::RE2>(expression, how);
  PRYX_CHECK(compiled->ok());
  return compiled;
}

Patterns::Patterns(std::span<const PatternText> texts) {
  for (const PatternText& text : texts) compiled_.push_back({&text, compile(text.expression)});
}

void Patterns::scan(Scan& scan, std::string_view text) const {
  const re2::StringPiece piece(text.data(), text.size());
  for (const Compiled& one : compiled_) {
    if (!scan.wants(one.text->kind)) continue;
    if (!one.text->hint.empty() && !text.contains(one.text->hint)) continue;
    const int groups = one.expression->NumberOfCapturingGroups() > 0 ? 2 : 1;
    std::size_t from = 0;
    re2::StringPiece found[2];
    while (from < text.size() &&
           one.expression->Match(piece, from, text.size(), re2::RE2::UNANCHORED, found, groups)) {
      const re2::StringPiece& value = found[groups - 1];
      const Candidate candidate{.text = text,
                                .begin = static_cast<std::size_t>(value.data() - text.data()),
                                .end = static_cast<std::size_t>(value.data() - text.data()) + value.size()};
      const std::size_t start = static_cast<std::size_t>(found[0].data() - text.data());
      if (!value.empty() && (one.text->accept == nullptr || one.text->accept(candidate))) {
        scan.add(candidate.begin, candidate.end, one.text->kind);
        from = std::max(candidate.end, start + 1);
        continue;
      }
      // A refused match may hide another that begins inside of it, but not inside of its first word.
      from = start + 1;
      while (from < start + found[0].size() && is_alnum(text[from]) && is_alnum(text[from - 1])) ++from;
    }
  }
}

}  // namespace pryx::redaction
