// SPDX-License-Identifier: MIT
#include "trust/vault/secret_ref.h"

#include <algorithm>

namespace pryx::vault {
namespace {

constexpr std::string_view kVaultPrefix = "keychain:";
constexpr std::size_t kMaxName = 128;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && !(name[0] >= '0' && name[0] <= '9') &&
         std::ranges::all_of(name, [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

}  // namespace

Result<void> check_secret_name(std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-' || c == ':' || c == '/';
  });
  if (fits) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      "a secret's name has 1 to {} characters out of A-Z a-z 0-9 . _ - : /, for example provider/openai",
      kMaxName);
}

Result<SecretRef> SecretRef::parse(std::string_view text) {
  if (text.starts_with(kVaultPrefix)) {
    const std::string_view name = text.substr(kVaultPrefix.size());
    PRYX_TRY_VOID(check_secret_name(name));
    return SecretRef(Kind::kVault, std::string(name));
  }
  if (text.starts_with("${") && text.ends_with('}')) {
    const std::string_view name = text.substr(2, text.size() - 3);
    if (is_variable_name(name)) return SecretRef(Kind::kEnvironment, std::string(name));
  }
  return fail(
      ErrorCode::kInvalidArgument,
      "this is no reference to a secret; write keychain:<name> (see 'pryx secret set') or ${{VARIABLE}}");
}

std::string SecretRef::to_text() const {
  if (kind_ == Kind::kVault) return fmt::format("{}{}", kVaultPrefix, name_);
  return fmt::format("${{{}}}", name_);
}

}  // namespace pryx::vault
