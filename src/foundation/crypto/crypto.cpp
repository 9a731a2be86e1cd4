// SPDX-License-Identifier: MIT
#include "foundation/crypto/crypto.h"

#include <sodium.h>

#include "foundation/base/text.h"
#include "foundation/crypto/system_random.h"

namespace pryx::crypto {
namespace {

constexpr std::string_view kTokenPrefix = "pryx_";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kTokenCharacters = 43;  // 32 bytes in unpadded base64url

// sodium_init picks the fastest code for this processor and opens the generator; it is idempotent and
// thread-safe.
void require_sodium() {
  static const bool ready = sodium_init() >= 0;
  PRYX_CHECK(ready);
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

Digest sha256(std::span<const std::uint8_t> bytes) {
  require_sodium();
  Digest digest;
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return digest;
}

Digest sha256(std::string_view text) { return sha256(std::span(bytes_of(text), text.size())); }

std::string sha256_hex(std::string_view text) { return to_hex(sha256(text)); }

Sha256::Sha256() {
  require_sodium();
  crypto_hash_sha256_init(&state_);
}
void Sha256::update(std::span<const std::uint8_t> bytes) {
  crypto_hash_sha256_update(&state_, bytes.data(), bytes.size());
}
void Sha256::update(std::string_view text) { update(std::span(bytes_of(text), text.size())); }
Digest Sha256::finish() {
  Digest digest;
  crypto_hash_sha256_final(&state_, digest.data());
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
  require_sodium();
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(message), message.size());
  Digest digest;
  crypto_auth_hmacsha256_final(&state, digest.data());
  sodium_memzero(&state, sizeof state);
  return digest;
}

Digest blake2b(std::string_view message, std::string_view key) {
  require_sodium();
  PRYX_CHECK(key.empty() || (key.size() >= crypto_generichash_KEYBYTES_MIN &&
                             key.size() <= crypto_generichash_KEYBYTES_MAX));
  Digest digest;
  crypto_generichash(digest.data(), digest.size(), bytes_of(message), message.size(), bytes_of(key),
                     key.size());
  return digest;
}

std::string hash_json(std::string_view domain, const json::value& document) {
  Sha256 hash;
  hash.update("pryx/");
  hash.update(domain);
  hash.update(std::string_view("\0", 1));
  hash.update(json::canonical(document));
  return to_hex(hash.finish());
}

Secret make_key(Random& random) {
  std::string bytes(kKeyBytes, '\0');
  random.fill(std::span(bytes_of(bytes), bytes.size()));
  Secret key(bytes);
  wipe(bytes);
  return key;
}

Secret make_token(Random& random) {
  std::string bytes(kTokenBytes, '\0');
  random.fill(std::span(bytes_of(bytes), bytes.size()));
  std::string text = std::string(kTokenPrefix) + to_base64url(bytes);
  Secret token(text);
  wipe(bytes);
  wipe(text);
  return token;
}

bool looks_like_token(std::string_view text) {
  if (text.size() != kTokenPrefix.size() + kTokenCharacters || !text.starts_with(kTokenPrefix)) return false;
  return std::ranges::all_of(text.substr(kTokenPrefix.size()), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Secret derive_subkey(const Secret& key, std::uint64_t id, std::string_view context) {
  require_sodium();
  PRYX_CHECK(key.reveal().size() == crypto_kdf_KEYBYTES && context.size() == crypto_kdf_CONTEXTBYTES);
  std::string bytes(kKeyBytes, '\0');
  crypto_kdf_derive_from_key(bytes_of(bytes), bytes.size(), id, context.data(), bytes_of(key.reveal()));
  Secret subkey(bytes);
  wipe(bytes);
  return subkey;
}

std::string seal(const Secret& key, const Secret& plain, std::string_view bound, Random& random) {
  require_sodium();
  PRYX_CHECK(key.reveal().size() == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  const std::string& text = plain.reveal();
  std::string sealed(kNonce + text.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, '\0');
  random.fill(std::span(bytes_of(sealed), kNonce));
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(sealed) + kNonce, nullptr, bytes_of(text), text.size(),
                                             bytes_of(bound), bound.size(), nullptr, bytes_of(sealed),
                                             bytes_of(key.reveal()));
  return sealed;
}

Result<Secret> open_sealed(const Secret& key, std::string_view sealed, std::string_view bound) {
  require_sodium();
  PRYX_CHECK(key.reveal().size() == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr std::size_t kOverhead = kNonce + crypto_aead_xchacha20poly1305_ietf_ABYTES;
  if (sealed.size() < kOverhead) return fail(ErrorCode::kCheckFailed, "sealed bytes are cut short");
  std::string plain(sealed.size() - kOverhead, '\0');
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      bytes_of(plain), nullptr, nullptr, bytes_of(sealed) + kNonce, sealed.size() - kNonce, bytes_of(bound),
      bound.size(), bytes_of(sealed), bytes_of(key.reveal()));
  if (failed != 0)
    return fail(ErrorCode::kCheckFailed, "sealed bytes do not open with this key at this place");
  Secret secret(plain);
  wipe(plain);
  return secret;
}

SystemRandom::SystemRandom() { require_sodium(); }
void SystemRandom::fill(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

}  // namespace pryx::crypto
