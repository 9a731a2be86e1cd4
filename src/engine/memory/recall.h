// SPDX-License-Identifier: MIT
// What stands in a prompt of what was remembered, unasked. Pure. An entry that nobody but the owner had
// shaped comes with the labels it was saved with and nothing more; one of any other origin stays out, or
// makes the context as untrusted as it is itself.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/memory/memory_store.h"

namespace pryx::memory {

enum class RecallMode : std::uint8_t { kOff, kOwn, kAll };
[[nodiscard]] std::optional<RecallMode> recall_mode_from_text(std::string_view text);  // "off", "own", "all"

inline constexpr std::size_t kMaxRecalled = 8;
inline constexpr std::size_t kMaxRecallBytes = 4'000;

// The words of a message that say what it is about: without the short and the common ones. Empty: nothing is
// looked for.
[[nodiscard]] std::string recall_words(std::string_view message);

struct Recall {
  std::string text;  // empty: nothing fits
  trust::Labels labels;
  std::size_t shown = 0;
  std::size_t held_back = 0;  // because of where they came from
};
// `found` best first.
[[nodiscard]] Recall make_recall(const std::vector<Memory>& found, RecallMode mode,
                                 std::size_t max_bytes = kMaxRecallBytes);

}  // namespace pryx::memory
