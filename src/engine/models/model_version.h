// SPDX-License-Identifier: MIT
// The version that a vendor's model id tells: what a model takes changed with it, and no list of ids stays
// complete. Pure.
#pragma once
#include <compare>
#include <string_view>

namespace pryx::models {

struct ModelVersion {
  int major = 0;  // 0: the id tells none
  int minor = 0;
  [[nodiscard]] bool is_known() const { return major > 0; }
  auto operator<=>(const ModelVersion&) const = default;
};

// "claude-3-7-sonnet-20250219": 3.7. "claude-opus-4-20250514": 4.0. "gemini-2.5-pro": 2.5. Dates and sizes
// ("70b") are no versions.
[[nodiscard]] ModelVersion version_of(std::string_view model);

}  // namespace pryx::models
