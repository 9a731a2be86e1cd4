// SPDX-License-Identifier: MIT
#include "sandbox_health.h"

#include <gtest/gtest.h>

namespace pryx::app {
namespace {

TEST(SandboxHealth, NamesEachBrokenLayerWithItsFix) {
  sandbox::Report report;
  report.layers = {
      {.name = "bubblewrap", .works = true, .detail = "bubblewrap 0.8.0", .fix = {}},
      {.name = "landlock", .works = false, .detail = "not switched on", .fix = "add it to lsm="}};
  const auto lines = describe_sandbox(report);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].state, "down");
  EXPECT_EQ(lines[1].name, "sandbox: landlock");
  EXPECT_EQ(lines[1].detail, "not switched on; add it to lsm=");
}

TEST(SandboxHealth, AMissingOverlayIsDegradedNotDown) {
  sandbox::Report report{.usable = true,
                         .layers = {{.name = "overlay", .works = false, .detail = "a", .fix = "b"}}};
  const auto lines = describe_sandbox(report);
  EXPECT_EQ(lines[0].state, "degraded");
  EXPECT_EQ(lines[1].state, "degraded");
}

}  // namespace
}  // namespace pryx::app
