// SPDX-License-Identifier: MIT
// One line of `pryx audit export --format jsonl`: the head, an entry, or the checkpoint at the end. Pure.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "note.h"

namespace audit_verify {

inline constexpr std::size_t kMaxLine = 16u << 20;

struct Head {
  std::string origin;
  std::uint64_t size = 0;
};
[[nodiscard]] std::optional<Head> parse_head(std::string_view line);

struct Entry {
  std::uint64_t index = 0;
  std::string_view bytes;                   // what the leaf is the hash of; within the line
  Hash leaf{};                              // as the line states it
  std::optional<std::uint64_t> erased_key;  // whose content is said to be erased
  std::set<std::uint64_t> erasures;         // keys that this entry says were destroyed
};
// Nothing, and why, when the line is no entry in the one right form, or its personal content is not what the
// entry committed to.
[[nodiscard]] std::optional<Entry> parse_entry(std::string_view line, std::string& why);

[[nodiscard]] std::optional<std::string> parse_tail(std::string_view line);  // the note

}  // namespace audit_verify
