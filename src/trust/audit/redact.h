// SPDX-License-Identifier: MIT
// What looks like a secret does not enter the log: its place is taken by a salted HMAC, so that two uses of
// one secret can be told to be the same without telling the secret. Pure.
#pragma once
#include <string>
#include <string_view>

#include "foundation/base/json.h"
#include "foundation/base/secret.h"

namespace pryx::audit {

inline constexpr std::size_t kMaxLoggedText = 4096;  // of one string; the rest is kept as length and hash

// "hmac:" and 32 hex digits under this salt; "[secret]" when the salt is empty.
[[nodiscard]] std::string secret_mark(const Secret& salt, std::string_view value);
[[nodiscard]] bool is_secret_name(std::string_view name);  // password, api_key, Authorization…
// Tokens of known forms, private keys, "Bearer …", user:password@ in URLs, --password=… inside the text.
[[nodiscard]] std::string redact_text(const Secret& salt, std::string_view text);
// The same for every string of a document; members with secret names lose their value whatever it is.
[[nodiscard]] json::object redact(const Secret& salt, const json::object& document);

}  // namespace pryx::audit
