// SPDX-License-Identifier: MIT
// Hashes, MACs, sealed bytes and tokens over libsodium. All functions are pure but for the Random that is
// handed in, and may be called from any thread. Comparing secrets in constant time is Secret::equals and
// equal_constant_time of foundation/base.
#pragma once
#include <sodium/crypto_hash_sha256.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"

namespace pryx::crypto {

using Digest = std::array<std::uint8_t, 32>;

inline constexpr std::size_t kKeyBytes = 32;  // every symmetric key of Pryx has 256 bits

[[nodiscard]] Digest sha256(std::span<const std::uint8_t> bytes);
[[nodiscard]] Digest sha256(std::string_view text);
[[nodiscard]] std::string sha256_hex(std::string_view text);

// SHA-256 of a stream that does not fit into memory at once. finish() may be called once.
class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::uint8_t> bytes);
  void update(std::string_view text);
  [[nodiscard]] Digest finish();

 private:
  crypto_hash_sha256_state state_;
};

[[nodiscard]] Digest hmac_sha256(std::string_view key, std::string_view message);
// BLAKE2b with 256 bits of output; the key is empty or has 16 to 64 bytes.
[[nodiscard]] Digest blake2b(std::string_view message, std::string_view key = {});

// The identity of a document: SHA-256, as hex, over "pryx/" + domain + NUL + RFC 8785 canonical JSON. The
// domain names the purpose.
[[nodiscard]] std::string hash_json(std::string_view domain, const json::value& document);

// An API token: "pryx_" and 32 random bytes in base64url.
[[nodiscard]] Secret make_token(Random& random);
[[nodiscard]] bool looks_like_token(std::string_view text);

// 32 random bytes.
[[nodiscard]] Secret make_key(Random& random);
// An independent key for one purpose. The context has exactly 8 characters and names the user of the key.
[[nodiscard]] Secret derive_subkey(const Secret& key, std::uint64_t id, std::string_view context);

// XChaCha20-Poly1305: nonce + ciphertext + tag. `bound` is authenticated but not stored: the place where the
// sealed bytes belong, so that a row moved to another name does not open.
[[nodiscard]] std::string seal(const Secret& key, const Secret& plain, std::string_view bound,
                               Random& random);
// kCheckFailed when the key, the place or a byte is wrong.
[[nodiscard]] Result<Secret> open_sealed(const Secret& key, std::string_view sealed, std::string_view bound);

}  // namespace pryx::crypto
