// SPDX-License-Identifier: MIT
#include "engine/memory/memory_score.h"

#include <gtest/gtest.h>

namespace pryx::memory {
namespace {
using namespace std::chrono_literals;

TEST(MemoryScore, FadesByTypeAndAge) {
  struct Row {
    MemoryType type;
    std::chrono::hours age;
    double expected;
  };
  const Row rows[] = {{MemoryType::kDaily, 0h, 1.0},
                      {MemoryType::kDaily, 24h * 3, 0.55},
                      {MemoryType::kDaily, 24h * 6, 0.325},
                      {MemoryType::kDaily, 24h * 3000, 0.1},
                      {MemoryType::kLongterm, 0h, 1.0},
                      {MemoryType::kLongterm, 24h * 90, 0.8},
                      {MemoryType::kLongterm, 24h * 9000, 0.6},
                      {MemoryType::kSession, 24h * 9000, 1.0},
                      {MemoryType::kDaily, -24h, 1.0}};
  for (const Row& row : rows)
    EXPECT_NEAR(freshness(row.type, row.age), row.expected, 1e-6)
        << to_text(row.type) << ' ' << row.age.count();
}

TEST(MemoryScore, AnOldPerfectMatchBeatsAFreshPoorOne) {
  EXPECT_GT(score(1.0, MemoryType::kLongterm, 24h * 400), score(0.4, MemoryType::kLongterm, 0h));
  EXPECT_LT(score(1.0, MemoryType::kDaily, 24h * 30), score(0.4, MemoryType::kLongterm, 0h));
  EXPECT_EQ(score(7, MemoryType::kSession, 0h), 1.0);
  EXPECT_EQ(score(-1, MemoryType::kSession, 0h), 0.0);
}

}  // namespace
}  // namespace pryx::memory
