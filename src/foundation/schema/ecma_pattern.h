// SPDX-License-Identifier: MIT
// The patterns of JSON Schema are ECMA-262 regular expressions with Unicode semantics; RE2 runs in linear
// time but has another dialect. This translates what means the same in both and refuses the rest
// (look-around, back-references) with a reason. Immutable after construction; matches from any thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace re2 {
class RE2;
}

namespace pryx::schema {

// The RE2 text of an ECMA-262 pattern. What RE2 itself refuses comes out only at compile().
[[nodiscard]] Result<std::string> translate_ecma_pattern(std::string_view pattern);

class EcmaPattern {
 public:
  [[nodiscard]] static Result<EcmaPattern> compile(std::string_view pattern);
  EcmaPattern(EcmaPattern&&) noexcept;
  EcmaPattern& operator=(EcmaPattern&&) noexcept;
  ~EcmaPattern();

  // Anywhere in the text, as JSON Schema wants it.
  [[nodiscard]] bool matches(std::string_view text) const;
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] int program_size() const {
    return program_size_;
  }  // RE2 instructions: the measure of its cost

 private:
  EcmaPattern(std::string source, std::unique_ptr<re2::RE2> program);
  std::string source_;
  std::unique_ptr<re2::RE2> program_;
  int program_size_ = 0;
};

}  // namespace pryx::schema
