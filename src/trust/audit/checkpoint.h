// SPDX-License-Identifier: MIT
// Checkpoints of the log as C2SP tlog-checkpoint texts in C2SP signed notes, signed with Ed25519: origin,
// size, root, then signature lines. Anyone with the public key can check one, and whoever keeps an old one
// can tell whether the log was rewritten. Parsing is strict: one form of each number and each base64 text.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/secret.h"
#include "trust/audit/merkle.h"

namespace pryx::audit {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Digest root{};
  bool operator==(const Checkpoint&) const = default;
};

// "<name>+<8 hex digits: key id>+<base64 of 0x01 and the 32 bytes of the key>"
struct PublicKey {
  std::string name;
  std::uint32_t id = 0;
  Digest bytes{};
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] static Result<PublicKey> parse(std::string_view text);
  bool operator==(const PublicKey&) const = default;
};

// The body of the note: three lines.
[[nodiscard]] std::string checkpoint_text(const Checkpoint& checkpoint);
// The checkpoint of a note that `key` signed. kInvalidArgument: no such note; kCheckFailed: the signature is
// wrong, is another key's, or the checkpoint is another log's.
[[nodiscard]] Result<Checkpoint> open_note(std::string_view note, const PublicKey& key);
// Without looking at the signatures: to say what a note claims.
[[nodiscard]] Result<Checkpoint> parse_note(std::string_view note);

class Signer {
 public:
  // 32 bytes. The key's name, which is the log's origin, follows from the public key.
  explicit Signer(const Secret& seed);
  [[nodiscard]] const PublicKey& public_key() const { return public_; }
  [[nodiscard]] std::string sign(std::uint64_t size, const Digest& root) const;  // the whole note

 private:
  Secret secret_;  // libsodium's 64 bytes: seed and public key
  PublicKey public_;
};

}  // namespace pryx::audit
