// SPDX-License-Identifier: MIT
// A secret under a passphrase: Argon2id (RFC 9106) makes the key, XChaCha20-Poly1305 seals. The result is one
// line of text that carries its own cost, so the cost can be raised later. Pure but for the Random; a call
// takes a good part of a second and the memory of its cost: never on the I/O thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"

namespace pryx::crypto {

struct PassphraseCost {
  std::uint64_t passes = 3;
  std::uint64_t memory_bytes = 64u << 20;
};

inline constexpr std::size_t kMinPassphrase = 12;  // bytes
inline constexpr std::size_t kMaxPassphrase = 1024;
// Of a passphrase that somebody wants to set; opening takes whatever was set.
[[nodiscard]] Result<void> check_new_passphrase(const Secret& passphrase);

inline constexpr std::size_t kPassphraseSalt = 16;
// What a reader is willing to spend: a sealed text or file may have been planted.
[[nodiscard]] bool is_bearable(const PassphraseCost& cost);
// Argon2id: the key that a passphrase makes with this salt. kUnavailable: there is not so much memory.
[[nodiscard]] Result<Secret> key_from_passphrase(const Secret& passphrase, std::string_view salt,
                                                 const PassphraseCost& cost);

// `bound` names the place it belongs to, as in seal().
[[nodiscard]] Result<std::string> seal_with_passphrase(const Secret& passphrase, const Secret& plain,
                                                       std::string_view bound, Random& random,
                                                       PassphraseCost cost = {});
// kUnauthenticated: another passphrase, or changed bytes, which look alike. kCheckFailed: no sealed text, or
// a cost beyond what this reader is willing to spend.
[[nodiscard]] Result<Secret> open_with_passphrase(const Secret& passphrase, std::string_view sealed,
                                                  std::string_view bound);

}  // namespace pryx::crypto
