// SPDX-License-Identifier: MIT
#include "engine/models/model_version.h"

#include <optional>

namespace pryx::models {
namespace {

// One or two digits and nothing else.
std::optional<int> small_number(std::string_view word) {
  if (word.empty() || word.size() > 2) return std::nullopt;
  int value = 0;
  for (const char c : word) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::string_view take_word(std::string_view& rest) {
  const std::size_t end = rest.find_first_of("-._@:/");
  const std::string_view word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return word;
}

}  // namespace

ModelVersion version_of(std::string_view model) {
  while (!model.empty()) {
    const auto major = small_number(take_word(model));
    if (!major) continue;
    return {*major, small_number(take_word(model)).value_or(0)};
  }
  return {};
}

}  // namespace pryx::models
