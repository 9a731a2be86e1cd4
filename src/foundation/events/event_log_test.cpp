// SPDX-License-Identifier: MIT
#include "foundation/events/event_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "foundation/async/testing/virtual_loop.h"

namespace pryx::events {
namespace {
using async::testing::run;
using async::testing::VirtualLoop;

class Events : public ::testing::Test {
 protected:
  Events()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("pryx-events-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
    open();
  }
  ~Events() override { std::filesystem::remove_all(path_); }
  void open(Duration read_time = {}) {
    log_.reset();
    db_.reset();
    db::DatabaseOptions options{.open = {.path = path_ / "e.db"}, .inline_mode = true};
    if (read_time > Duration::zero()) options.inline_delay = [read_time] { return read_time; };
    const db::ModuleMigrations modules[] = {EventLog::migrations()};
    auto opened = db::Database::open(loop_, options, modules);
    PRYX_CHECK(opened.has_value());
    db_ = std::move(*opened);
    log_ = std::make_unique<EventLog>(loop_, *db_);
    PRYX_CHECK(run(loop_, log_->start()).has_value());
  }
  std::filesystem::path path_;
  VirtualLoop loop_;
  std::unique_ptr<db::Database> db_;
  std::unique_ptr<EventLog> log_;
};

const PrincipalId kMe("prn_owner");

async::Task<Result<int>> append(db::Database& db, EventLog& log, int count, std::string name,
                                bool fails = false) {
  co_return co_await db.write([&log, count, name, fails](db::Transaction& t) -> Result<int> {
    for (int i = 0; i < count; ++i) {
      PRYX_TRY_VOID(log.append(
          t, {.principal = kMe, .name = name, .session = {}, .surface = "api", .payload = {{"n", i}}}));
    }
    if (fails) return fail(ErrorCode::kConflict, "no");
    return count;
  });
}

async::Task<void> collect(Subscription& s, std::vector<std::uint64_t>& out, std::size_t wanted) {
  while (out.size() < wanted) {
    const auto event = co_await s.next(std::chrono::seconds(5));
    if (!event) co_return;
    out.push_back((*event)->version);
  }
}

TEST_F(Events, ASurfaceIsFilteredLiveAndInTheReplay) {
  const auto add = [&](std::string surface) {
    ASSERT_TRUE(run(loop_, db_->write([&](db::Transaction& t) {
      return log_->append(t, {.principal = kMe,
                              .name = "a.b",
                              .session = {},
                              .surface = surface,
                              .payload = json::object{{"from", surface}}});
    })));
  };
  for (const char* surface : {"api", "cli", "", "api"}) add(surface);
  auto replayed = log_->subscribe({.principal = kMe, .surface = "api"}, 0);
  auto live = log_->subscribe({.principal = kMe, .surface = "api"});
  auto all = log_->subscribe({.principal = kMe}, 0);  // the control
  for (const char* surface : {"cli", "", "api"}) add(surface);
  std::vector<std::uint64_t> of_api, of_live, of_all;
  async::TaskGroup group(loop_, "t");
  group.spawn("replayed", collect(*replayed, of_api, 3));
  group.spawn("live", collect(*live, of_live, 1));
  group.spawn("all", collect(*all, of_all, 7));
  loop_.run_until_idle();
  EXPECT_EQ(of_api, (std::vector<std::uint64_t>{1, 4, 7}));
  EXPECT_EQ(of_live, (std::vector<std::uint64_t>{7}));
  EXPECT_EQ(of_all.size(), 7u);
  Event ephemeral;
  ephemeral.principal = kMe;
  ephemeral.durable = false;
  ephemeral.surface = "cli";
  EXPECT_TRUE((Filter{.principal = kMe, .surface = "cli"}).admits(ephemeral));
  EXPECT_FALSE((Filter{.principal = kMe, .surface = "api"}).admits(ephemeral));
}

TEST_F(Events, ReplayThenLiveWithoutGapOrDuplicate) {
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 1000, "a.b")));
  auto s = log_->subscribe({.principal = kMe}, 500);
  std::vector<std::uint64_t> seen;
  async::TaskGroup group(loop_, "t");
  group.spawn("collect", collect(*s, seen, 700));
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 200, "a.b")));
  loop_.run_until_idle();
  ASSERT_EQ(seen.size(), 700u);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 501 + i);
}

TEST_F(Events, ASlowSubscriberStillGetsEverythingInOrder) {
  auto s = log_->subscribe({.principal = kMe});
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 5000, "a.b")));  // far over what memory holds
  std::vector<std::uint64_t> seen;
  async::TaskGroup group(loop_, "t");
  group.spawn("collect", collect(*s, seen, 5000));
  loop_.run_until_idle();
  ASSERT_EQ(seen.size(), 5000u);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 1 + i);
}

TEST_F(Events, ADurableEventBehindTooMuchStreamedTextIsNotLost) {
  auto s = log_->subscribe({.principal = kMe});
  for (int i = 0; i < 1024; ++i)
    log_->publish_ephemeral(
        {.principal = kMe, .name = "turn.delta", .session = {}, .surface = {}, .payload = {}});
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 1, "turn.completed")));
  const auto event = run(loop_, s->next(std::chrono::seconds(5)));
  ASSERT_TRUE(event);
  EXPECT_EQ((*event)->name, "turn.completed");
}

async::Task<Result<int>> append_large(db::Database& db, EventLog& log, int count) {
  co_return co_await db.write([&log, count](db::Transaction& t) -> Result<int> {
    for (int i = 0; i < count; ++i) {
      PRYX_TRY_VOID(log.append(t, {.principal = kMe,
                                   .name = "large",
                                   .session = {},
                                   .surface = {},
                                   .payload = {{"text", std::string(1u << 20, 'x')}}}));
    }
    return count;
  });
}

TEST_F(Events, LargeEventsAreNotHeldForASlowSubscriber) {
  auto s = log_->subscribe({.principal = kMe});
  ASSERT_TRUE(run(loop_, append_large(*db_, *log_, 3)));
  const auto first = run(loop_, s->next(std::chrono::seconds(5)));
  ASSERT_TRUE(first);
  ASSERT_TRUE(run(loop_, append_large(*db_, *log_, 20)));
  EXPECT_LE(s->waiting_bytes(), 5u << 20);
  std::vector<std::uint64_t> seen;
  async::TaskGroup group(loop_, "t");
  group.spawn("collect", collect(*s, seen, 22));
  loop_.run_until_idle();
  ASSERT_EQ(seen.size(), 22u);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 2 + i);
}

TEST_F(Events, ARolledBackEventIsNeverSent) {
  auto s = log_->subscribe({.principal = kMe});
  EXPECT_FALSE(run(loop_, append(*db_, *log_, 3, "a.b", true)));
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 1, "a.c")));
  std::vector<std::uint64_t> seen;
  async::TaskGroup group(loop_, "t");
  group.spawn("collect", collect(*s, seen, 2));
  loop_.run_until_idle();
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(Events, VersionsNeverRepeatAfterPurgeAndRestart) {
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 10, "a.b")));
  loop_.manual_clock().advance(kRetention + std::chrono::hours(1));
  ASSERT_TRUE(run(loop_, log_->purge()));
  EXPECT_TRUE(log_->is_too_old(3));
  open();
  EXPECT_EQ(log_->last_version(), 10u);
  EXPECT_TRUE(log_->is_too_old(3));
  EXPECT_FALSE(log_->is_too_old(10));
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 1, "a.b")));
  EXPECT_EQ(log_->last_version(), 11u);
}

TEST_F(Events, PurgeKeepsWhatIsYoungEnough) {
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 10, "a.b")));
  loop_.manual_clock().advance(kRetention + std::chrono::hours(1));
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 5, "a.b")));
  ASSERT_TRUE(run(loop_, log_->purge()));
  EXPECT_TRUE(log_->is_too_old(9));
  EXPECT_FALSE(log_->is_too_old(10));
}

TEST_F(Events, AChangeWhileAPageIsReadDropsThatPage) {
  open(std::chrono::milliseconds(10));
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 300, "a.b")));
  auto s = log_->subscribe({.principal = kMe}, 0);
  std::vector<std::uint64_t> seen;
  async::TaskGroup group(loop_, "t");
  group.spawn("collect", collect(*s, seen, 400));
  while (loop_.poll()) {
  }
  s->refilter({.principal = kMe}, 290);
  loop_.run_until_idle();
  ASSERT_EQ(seen.size(), 10u);
  EXPECT_EQ(seen.front(), 291u);
  EXPECT_EQ(seen.back(), 300u);
}

TEST_F(Events, AnotherFilterWhileAPageIsReadLosesNothing) {
  open(std::chrono::milliseconds(10));
  ASSERT_TRUE(run(loop_, append(*db_, *log_, 300, "a.b")));
  auto s = log_->subscribe({.principal = kMe, .names = {}, .session = SessionId("ses_none")}, 0);
  std::vector<std::uint64_t> seen;
  async::TaskGroup group(loop_, "t");
  group.spawn("collect", collect(*s, seen, 400));
  while (loop_.poll()) {
  }
  s->refilter({.principal = kMe}, std::nullopt);
  loop_.run_until_idle();
  EXPECT_EQ(seen.size(), 300u);
}

TEST_F(Events, FiltersByNameSessionAndPrincipal) {
  Filter filter{.principal = kMe, .names = {"approval.*"}};
  Event event{.principal = kMe, .name = "approval.needed"};
  EXPECT_TRUE(filter.admits(event));
  event.name = "turn.completed";
  EXPECT_FALSE(filter.admits(event));
  event.name = "approval.needed";
  event.principal = PrincipalId("prn_other");
  EXPECT_FALSE(filter.admits(event));
}

}  // namespace
}  // namespace pryx::events
