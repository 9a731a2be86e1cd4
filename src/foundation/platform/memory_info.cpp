// SPDX-License-Identifier: MIT
#include "foundation/platform/memory_info.h"

#include <charconv>

#include "foundation/base/text.h"
#include "foundation/platform/files.h"

namespace pryx::platform {
namespace {

constexpr std::int64_t kLargest = 1LL << 50;  // KiB; more is no machine

// "MemTotal:       16303428 kB"
std::optional<std::int64_t> value_of(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    const std::string_view rest = trim(line.substr(name.size()));
    std::int64_t kib = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), kib);
    if (error != std::errc() || kib < 0 || kib > kLargest) return std::nullopt;
    if (std::string_view(end, rest.data() + rest.size()) != " kB") return std::nullopt;
    return kib * 1024;
  }
  return std::nullopt;
}

}  // namespace

std::optional<MemoryInfo> parse_memory_info(std::string_view text) {
  const auto total = value_of(text, "MemTotal:");
  const auto available = value_of(text, "MemAvailable:");
  if (!total || !available) return std::nullopt;
  return MemoryInfo{*total, *available};
}

std::optional<MemoryInfo> read_memory_info() {
  const auto text = read_file("/proc/meminfo", 64u << 10);
  if (!text) return std::nullopt;
  return parse_memory_info(*text);
}

}  // namespace pryx::platform
