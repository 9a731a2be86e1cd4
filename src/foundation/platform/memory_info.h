// SPDX-License-Identifier: MIT
// How much main memory this machine has. Reads /proc; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace pryx::platform {

struct MemoryInfo {
  std::int64_t total_bytes = 0;
  std::int64_t available_bytes = 0;  // without pushing anything out: the kernel's own estimate
  bool operator==(const MemoryInfo&) const = default;
};

// The text of /proc/meminfo. nullopt: it lacks one of the two lines.
[[nodiscard]] std::optional<MemoryInfo> parse_memory_info(std::string_view text);
[[nodiscard]] std::optional<MemoryInfo> read_memory_info();

}  // namespace pryx::platform
