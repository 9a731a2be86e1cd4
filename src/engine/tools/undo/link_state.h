// SPDX-License-Identifier: MIT
// A symbolic link among recorded changes: what it names is its content, and its digest never equals that of a
// file. Pure; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "engine/tools/undo/undo_journal.h"
#include "foundation/crypto/crypto.h"

namespace pryx::tools {

inline constexpr std::string_view kLinkDigest = "link:";    // before the hex SHA-256 of what it names
inline constexpr std::string_view kOtherDigest = "other:";  // of what is never given back, such as a FIFO

[[nodiscard]] inline FileState link_state(std::string_view target) {
  return {
      .digest = std::string(kLinkDigest) + crypto::sha256_hex(target), .mode = 0777, .size = target.size()};
}
[[nodiscard]] inline bool is_link(const std::optional<FileState>& state) {
  return state && state->digest.starts_with(kLinkDigest);
}

}  // namespace pryx::tools
