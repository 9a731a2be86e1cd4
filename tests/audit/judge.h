// SPDX-License-Identifier: MIT
// The independent verifier over a text in memory.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "export_reader.h"
#include "verifier.h"

namespace pryx::audit::testing {

inline audit_verify::Report judge(std::string_view text, const std::string& key,
                                  const std::vector<std::string>& kept = {}) {
  audit_verify::Verifier verifier(audit_verify::parse_key(key).value(), kept);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return verifier.finish(true);
    verifier.take_line(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return verifier.finish(false);
}

}  // namespace pryx::audit::testing
