// SPDX-License-Identifier: MIT
// What several passes over one string changed, told in places of the string as it was. Pure.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "trust/redaction/redactor.h"

namespace pryx::redaction {

// "~1" for "/" and "~0" for "~", as JSON pointers have them.
[[nodiscard]] std::string pointer_token(std::string_view key);

class Changes {
 public:
  // Of one pass: its findings in the string as the pass before left it, in order, and what took their place.
  // A finding that covers an earlier change is that change from then on.
  void add(const std::vector<Finding>& findings, const std::vector<std::string>& placeholders);
  void tell(std::string_view was, std::string_view is, const std::string& where,
            const std::function<void(Replacement)>& tell) const;

 private:
  struct Change {
    std::size_t was_begin = 0, was_end = 0;  // in the string as it was
    std::size_t is_begin = 0, is_end = 0;    // of the placeholder, in the string as it is
    Kind kind = Kind::kEmail;
    std::string placeholder;
  };
  [[nodiscard]] std::size_t begin_of(std::size_t at) const;
  [[nodiscard]] std::size_t end_of(std::size_t at) const;
  std::vector<Change> changes_;  // in order, without overlaps
};

}  // namespace pryx::redaction
