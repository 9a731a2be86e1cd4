// SPDX-License-Identifier: MIT
// Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), read and checked with OpenSSL.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace audit_verify {

using Hash = std::array<unsigned char, 32>;

struct Key {
  std::string name;
  std::array<unsigned char, 4> id{};
  Hash bytes{};
};
struct Checkpoint {
  std::uint64_t size = 0;
  Hash root{};
};

[[nodiscard]] Hash sha256(std::string_view text);
[[nodiscard]] std::string hex_of(const Hash& hash);
[[nodiscard]] std::optional<std::string> bytes_of_hex(std::string_view hex);      // lower case only
[[nodiscard]] std::optional<std::string> bytes_of_base64(std::string_view text);  // the one right text only

// Nothing when the text is no key of this form, or its id does not follow from name and key.
[[nodiscard]] std::optional<Key> parse_key(std::string_view text);
// Nothing, and why, when the note is malformed, of another log, or not signed by the key.
[[nodiscard]] std::optional<Checkpoint> open_note(std::string_view note, const Key& key, std::string& why);

}  // namespace audit_verify
