// SPDX-License-Identifier: MIT
#include "surfaces/server/refusal_log.h"

#include <gtest/gtest.h>

#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/log.h"
#include "foundation/base/testing/manual_clock.h"
#include "trust/trace/span.h"

namespace pryx::server {
namespace {

constexpr std::string_view kId = "req_01J9Z3W5Y7A1B2C3D4E5F6G7H8";

class RefusalLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    log::configure({.sink = [this](std::string_view line) { lines_.emplace_back(line); }});
  }
  void TearDown() override { log::configure({}); }
  void refuse(int status, bool is_known_caller = true) {
    log_.write({.route = "/api/v1/sessions/{id}",
                .method = "GET",
                .status = status,
                .code = "PRYX-1005",
                .detail = "there is no blue-otter",
                .request_id = kId,
                .is_known_caller = is_known_caller});
  }
  json::object last() const { return json::parse_object(lines_.back()).value(); }

  testing::ManualClock clock_;
  RefusalLog log_{clock_};
  std::vector<std::string> lines_;
};

TEST_F(RefusalLogTest, NamesTheIdsThatTheClientWasToldAndNotTheWords) {
  refuse(404);
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(json::string_or(last(), "request_id"), kId);
  EXPECT_EQ(json::string_or(last(), "trace_id"), trace::trace_id_of(kId));
  EXPECT_EQ(json::integer_or(last(), "status", 0), 404);
  EXPECT_EQ(lines_.back().find("blue-otter"), std::string::npos);
  refuse(503);
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(json::string_or(last(), "level"), "warn");
  EXPECT_EQ(json::string_or(last(), "detail"), "there is no blue-otter") << "what failed here says why";
}

TEST_F(RefusalLogTest, ALoopDoesNotFillTheLog) {
  for (int i = 0; i < 1000; ++i) refuse(404);
  EXPECT_EQ(lines_.size(), static_cast<std::size_t>(RefusalLog::kBurst));
  clock_.advance(RefusalLog::kLineEvery);
  refuse(404);
  refuse(404);
  ASSERT_EQ(lines_.size(), RefusalLog::kBurst + 1u);
  EXPECT_EQ(json::integer_or(last(), "left_out", 0), 1000 - RefusalLog::kBurst);
  clock_.advance(std::chrono::hours(1));
  for (int i = 0; i < 1000; ++i) refuse(404);
  EXPECT_EQ(lines_.size(), 2u * RefusalLog::kBurst + 1u) << "an hour of rest saves up one burst";
}

TEST_F(RefusalLogTest, StrangersHideNobodysLine) {
  for (int i = 0; i < 1000; ++i) refuse(401, false);
  const std::size_t before = lines_.size();
  refuse(404);
  EXPECT_EQ(lines_.size(), before + 1);
}

}  // namespace
}  // namespace pryx::server
