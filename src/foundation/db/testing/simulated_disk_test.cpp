// SPDX-License-Identifier: MIT
#include "foundation/db/testing/simulated_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/log.h"
#include "foundation/db/database.h"

namespace pryx::db::testing {
namespace {
using async::testing::VirtualLoop;

constexpr std::string_view kKey = "2dd29ca851e7b56e4697b0e1f08507293d761a05ce4d1b628663f411a8086d99";
constexpr Migration kMigrations[] = {
    {1, "create items",
     "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fill TEXT) STRICT"}};
constexpr ModuleMigrations kModules[] = {{"test", kMigrations}};

// One life of a program that inserts rows and notes which of them it was told are on disk.
struct Program {
  explicit Program(SimulatedDisk& d) : disk(d) {
    log::configure({.sink = [](std::string_view) {}});  // each run logs the errors that it is about
  }
  SimulatedDisk& disk;
  VirtualLoop loop;
  std::unique_ptr<Database> database;

  Result<void> open() {
    DatabaseOptions options{
        .open = {.path = "t.db", .key = Secret(std::string(kKey)), .vfs = disk.vfs_name()},
        .inline_mode = true};
    PRYX_TRY(database, Database::open(loop, std::move(options), kModules));
    return {};
  }
  async::Task<Result<void>> insert_job(std::string name) {
    co_return co_await database->write([name](Transaction& t) -> Result<void> {
      PRYX_TRY_VOID(
          t.db().run("INSERT INTO items (name, fill) VALUES ($1, $2)", name, std::string(900, 'x')));
      return {};
    });
  }
  Result<void> insert(const std::string& name) { return async::testing::run(loop, insert_job(name)); }
  async::Task<Result<void>> on_connection(std::string sql) {
    co_return co_await database->read([sql](Connection& c) { return c.execute(sql); });
  }
  Result<void> execute(const std::string& sql) { return async::testing::run(loop, on_connection(sql)); }
  async::Task<Result<std::set<std::string>>> names_job() {
    auto names = co_await database->read([](Connection& c) {
      return c.list("SELECT name FROM items", [](const Row& r) { return r.text(0); });
    });
    if (!names) co_return fail(names.error());
    co_return std::set<std::string>(names->begin(), names->end());
  }
  Result<std::set<std::string>> names() { return async::testing::run(loop, names_job()); }
  async::Task<Result<void>> check_job() {
    co_return co_await database->read([](Connection& c) { return check_integrity(c); });
  }
  Result<void> check() { return async::testing::run(loop, check_job()); }
};

// Rows that were acknowledged before the disk died, over several lives; how many of them were lost.
std::size_t lost_rows(std::uint64_t seed, Loss loss, std::string_view pragma) {
  SimulatedDisk disk(seed);
  pryx::testing::SeededRandom random(seed);
  std::set<std::string> acknowledged;
  int next = 0;
  for (int life = 0; life < 4; ++life) {
    disk.die_after(1 + random.below(life == 0 ? 400 : 150));
    {
      Program program(disk);
      if (program.open() && (pragma.empty() || program.execute(std::string(pragma)))) {
        while (!disk.is_dead() && next < 400) {
          const std::string name = std::to_string(next++);
          if (program.insert(name)) acknowledged.insert(name);
        }
      }
      disk.die();
    }
    disk.restart(loss);
  }
  Program program(disk);
  const auto opened = program.open();
  if (!opened) return acknowledged.size() + 1;
  const auto checked = program.check();
  if (!checked && pragma.empty()) ADD_FAILURE() << "seed " << seed << ": " << checked.error().message;
  const auto present = program.names();
  if (!present) return acknowledged.size() + 1;
  std::size_t lost = 0;
  for (const std::string& name : acknowledged) lost += present->contains(name) ? 0 : 1;
  return lost;
}

TEST(SimulatedDisk, APowerCutLosesNoAcknowledgedRow) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed)
    EXPECT_EQ(lost_rows(seed, Loss::kPower, ""), 0u) << "seed " << seed;
}

TEST(SimulatedDisk, AKilledProcessLosesNoAcknowledgedRow) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    EXPECT_EQ(lost_rows(seed, Loss::kProcess, ""), 0u) << "seed " << seed;
}

// The control: without syncs the same test must see losses, or it proves nothing.
TEST(SimulatedDisk, WithoutSyncsAPowerCutLosesAcknowledgedRows) {
  std::size_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed)
    lost += lost_rows(seed, Loss::kPower, "PRAGMA synchronous=OFF");
  EXPECT_GT(lost, 0u);
}

// The kernel forgot pages after a failed sync, the process was killed, and the next one finds them in the
// page cache: what it commits stands on them. How many acknowledged rows a power cut then takes.
std::size_t lost_after_failed_sync(std::uint64_t seed, bool secure_log) {
  SimulatedDisk disk(seed);
  std::set<std::string> acknowledged;
  {
    Program program(disk);
    if (!program.open()) return 0;
    for (int i = 0; i < 5; ++i) {
      if (i == 4) disk.fail_nth(1, DiskFault::kLostSync);
      if (program.insert(std::to_string(i))) acknowledged.insert(std::to_string(i));
    }
    disk.die();
  }
  disk.restart(Loss::kProcess);
  {
    const auto next = Connection::open(
        {.path = "t.db", .key = Secret(std::string(kKey)), .vfs = disk.vfs_name(), .exclusive = true});
    if (!next || (secure_log && !(*next)->rewrite_log())) return 0;
    for (const char* name : {"after", "later"}) {
      if ((*next)->run("INSERT INTO items (name) VALUES ($1)", name)) acknowledged.insert(name);
    }
    disk.die();
  }
  disk.restart(Loss::kPower);
  Program program(disk);
  if (!program.open()) return acknowledged.size();
  const auto present = program.names();
  if (!present) return acknowledged.size();
  return acknowledged.size() - static_cast<std::size_t>(std::ranges::count_if(
                                   acknowledged, [&](const std::string& n) { return present->contains(n); }));
}

TEST(SimulatedDisk, CommitsOnTopOfAFailedSyncSurviveAPowerCut) {
  std::size_t control = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    EXPECT_EQ(lost_after_failed_sync(seed, true), 0u) << "seed " << seed;
    control += lost_after_failed_sync(seed, false);
  }
  EXPECT_GT(control, 0u);
}

TEST(SimulatedDisk, TheDatabaseOnItIsEncrypted) {
  SimulatedDisk disk(1);
  {
    Program program(disk);
    ASSERT_TRUE(program.open());
    ASSERT_TRUE(program.insert("a canary value"));
    const auto log = disk.content("t.db-wal");
    ASSERT_TRUE(log);
    EXPECT_GT(log->size(), 4096u);
    EXPECT_EQ(log->find("canary"), std::string::npos);
  }
  const auto file = disk.content("t.db");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->find("canary"), std::string::npos);
}

TEST(SimulatedDisk, AFlippedBitIsNoticed) {
  SimulatedDisk disk(1);
  {
    Program program(disk);
    ASSERT_TRUE(program.open());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(program.insert(std::to_string(i)));
  }
  ASSERT_TRUE(disk.flip_bit("t.db", disk.content("t.db")->size() - 100, 3));
  Program program(disk);
  const auto opened = program.open();
  EXPECT_TRUE(!opened || !program.check());
}

// For n = 1, 2, 3… until a run ends without meeting the fault.
class FailTheNth : public ::testing::TestWithParam<DiskFault> {};

TEST_P(FailTheNth, NothingAcknowledgedIsLostAndTheStoreRecovers) {
  std::uint64_t n = 0;
  for (bool reached = true; reached;) {
    ASSERT_LT(++n, 5000u);
    SimulatedDisk disk(n);
    disk.fail_nth(n, GetParam());
    std::set<std::string> acknowledged;
    Loss loss = n % 2 == 0 ? Loss::kPower : Loss::kProcess;
    {
      Program program(disk);
      const auto opened = program.open();
      if (opened) {
        for (int i = 0; i < 8; ++i) {
          if (program.insert(std::to_string(i))) acknowledged.insert(std::to_string(i));
        }
        reached = disk.has_failed();
        disk.fail_nth(0, DiskFault::kNone);
        // The fault is over: the same connection works, and sees all that it had acknowledged.
        const auto again = program.insert("after");
        ASSERT_TRUE(again) << "n " << n << ": " << again.error().message;
        acknowledged.insert("after");
        const auto present = program.names();
        ASSERT_TRUE(present) << "n " << n;
        for (const std::string& name : acknowledged) EXPECT_TRUE(present->contains(name)) << "n " << n;
      } else {
        ASSERT_TRUE(disk.has_failed()) << opened.error().message;
      }
    }
    disk.restart(loss);
    Program program(disk);
    const auto opened = program.open();
    ASSERT_TRUE(opened) << "n " << n << ": " << opened.error().message;
    const auto checked = program.check();
    EXPECT_TRUE(checked) << "n " << n << ": " << checked.error().message;
    const auto present = program.names();
    ASSERT_TRUE(present);
    for (const std::string& name : acknowledged)
      EXPECT_TRUE(present->contains(name)) << "n " << n << " lost " << name;
  }
  RecordProperty("operations", static_cast<int>(n));
}

INSTANTIATE_TEST_SUITE_P(EachFault, FailTheNth,
                         ::testing::Values(DiskFault::kFull, DiskFault::kIoError, DiskFault::kShortWrite,
                                           DiskFault::kLostSync, DiskFault::kNoHandle),
                         [](const auto& param) { return std::string(to_text(param.param)); });

}  // namespace
}  // namespace pryx::db::testing
