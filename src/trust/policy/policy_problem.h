// SPDX-License-Identifier: MIT
// What is wrong with a policy file, and where. A plain value.
#pragma once
#include <string>

namespace pryx::trust {

struct PolicyProblem {
  int line = 0;         // 1-based; 0: the file as a whole
  std::string key;      // dotted path, "tools.denied[2].domains"
  std::string message;  // what is wrong and what to do

  [[nodiscard]] std::string to_text() const;  // "line 12: tools.denid: unknown key; did you mean 'denied'?"
};

}  // namespace pryx::trust
