// SPDX-License-Identifier: MIT
// A handle to a secret, as configuration and tables hold it: `keychain:name` is a secret of the vault,
// `${NAME}` a variable of the environment. The handle may be shown and stored; the value may not. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::vault {

class SecretRef {
 public:
  enum class Kind : std::uint8_t { kVault, kEnvironment };

  // The error does not repeat the text: it may be a secret that somebody pasted in place of a reference.
  [[nodiscard]] static Result<SecretRef> parse(std::string_view text);
  [[nodiscard]] static SecretRef to_vault(std::string name) {
    return SecretRef(Kind::kVault, std::move(name));
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string to_text() const;  // what parse() reads
  bool operator==(const SecretRef&) const = default;

 private:
  SecretRef(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}
  Kind kind_;
  std::string name_;
};

// A-Z a-z 0-9 . _ - : / and at most 128 characters.
[[nodiscard]] Result<void> check_secret_name(std::string_view name);

}  // namespace pryx::vault
