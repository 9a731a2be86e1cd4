// SPDX-License-Identifier: MIT
// A file under a passphrase: Argon2id makes the key, libsodium's secretstream (XChaCha20-Poly1305) seals the
// bytes piece by piece, so that no piece can be changed, moved, repeated or cut off. The first line is text
// and carries the cost. Pure but for the Random; a call takes a good part of a second: never on the I/O
// thread.
#pragma once
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"
#include "foundation/crypto/passphrase.h"

namespace pryx::crypto {

inline constexpr std::string_view kArchiveFormat = "pryx-archive-1";

[[nodiscard]] bool is_archive(std::string_view bytes);
[[nodiscard]] Result<std::string> seal_archive(const Secret& passphrase, std::string_view plain,
                                               Random& random, PassphraseCost cost = {});
// kUnauthenticated: another passphrase, or changed bytes, which look alike. kCheckFailed: no archive, one
// that was cut off, or a cost beyond what this reader is willing to spend. Nothing of a broken one is handed
// out.
[[nodiscard]] Result<std::string> open_archive(const Secret& passphrase, std::string_view bytes);

}  // namespace pryx::crypto
