// SPDX-License-Identifier: MIT
#include "foundation/base/secret.h"

#include <cstring>
#include <utility>

namespace pryx {

void wipe(std::string& text) {
  explicit_bzero(text.data(), text.capacity());
  text.clear();
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(
        difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return difference == 0;
}

Secret::Secret(Secret&& other) noexcept : value_(other.value_) { wipe(other.value_); }
Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe(value_);
    value_ = other.value_;
  }
  return *this;
}
Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(value_);
    value_ = other.value_;
    wipe(other.value_);
  }
  return *this;
}
Secret::~Secret() { wipe(value_); }

bool Secret::equals(std::string_view other) const { return equal_constant_time(value_, other); }

}  // namespace pryx
