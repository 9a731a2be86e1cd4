// SPDX-License-Identifier: MIT
// The process environment as a value: captured once in main, handed down, so that nothing below reads hidden
// inputs.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pryx::platform {

class Environment {
 public:
  Environment() = default;
  explicit Environment(std::map<std::string, std::string, std::less<>> values) : values_(std::move(values)) {}
  [[nodiscard]] static Environment capture();

  // An empty variable counts as absent, as in the XDG rules.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
  [[nodiscard]] std::string get_or(std::string_view name, std::string_view fallback) const;
  void set(std::string name, std::string value) {
    values_.insert_or_assign(std::move(name), std::move(value));
  }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& values() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace pryx::platform
