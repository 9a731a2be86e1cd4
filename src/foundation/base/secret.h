// SPDX-License-Identifier: MIT
// Secret: bytes that cannot be printed, logged, compared in variable time or left behind in freed memory.
#pragma once
#include <string>
#include <string_view>

namespace pryx {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // The only way to the bytes; grep for it to see who touches a secret.
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  [[nodiscard]] bool equals(std::string_view other) const;  // constant time for equal lengths

 private:
  std::string value_;
};

// Overwrites the bytes in a way that the optimiser keeps, then empties the string.
void wipe(std::string& text);
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace pryx
