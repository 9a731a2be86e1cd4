// SPDX-License-Identifier: MIT
#include "foundation/platform/memory_info.h"

#include <gtest/gtest.h>

namespace pryx::platform {
namespace {

TEST(MemoryInfo, ReadsTheTwoLinesThatCount) {
  EXPECT_EQ(parse_memory_info("MemTotal:       16303428 kB\nMemFree:   1 kB\nMemAvailable:    8000000 kB\n"),
            (MemoryInfo{16303428LL * 1024, 8000000LL * 1024}));
  for (const char* bad :
       {"", "MemTotal: 1 kB\n", "MemAvailable: 1 kB\n", "MemTotal: x kB\nMemAvailable: 1 kB",
        "MemTotal: 1 MB\nMemAvailable: 1 kB", "MemTotal: -1 kB\nMemAvailable: 1 kB",
        "MemTotal: 99999999999999999999 kB\nMemAvailable: 1 kB"})
    EXPECT_EQ(parse_memory_info(bad), std::nullopt) << bad;
}

TEST(MemoryInfo, ThisMachineHasSome) {
  const auto memory = read_memory_info();
  ASSERT_TRUE(memory.has_value());
  EXPECT_GT(memory->available_bytes, 0);
  EXPECT_GE(memory->total_bytes, memory->available_bytes);
}

}  // namespace
}  // namespace pryx::platform
