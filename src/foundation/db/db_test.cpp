// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "foundation/async/testing/virtual_loop.h"
#include "foundation/db/database.h"

namespace pryx::db {
namespace {
using async::testing::VirtualLoop;

constexpr std::string_view kKey = "2dd29ca851e7b56e4697b0e1f08507293d761a05ce4d1b628663f411a8086d99";
constexpr Migration kFirst[] = {
    {1, "create items", "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT"}};
constexpr Migration kSecond[] = {
    kFirst[0], {2, "add colour", "ALTER TABLE items ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'"}};
constexpr Migration kBroken[] = {
    kFirst[0], {2, "break", "ALTER TABLE items ADD COLUMN c TEXT; UPDATE nothing SET x = 1"}};

class Db : public ::testing::Test {
 protected:
  Db()
      : dir_(std::filesystem::temp_directory_path() /
             ("pryx-db-" + std::to_string(::getpid()) + "-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_);
  }
  ~Db() override { std::filesystem::remove_all(dir_); }
  DatabaseOptions options(std::string_view key = kKey) {
    return {.open = {.path = dir_ / "t.db", .key = Secret(std::string(key))}, .inline_mode = true};
  }
  Result<std::unique_ptr<Database>> open(std::span<const Migration> migrations, std::string_view key = kKey) {
    const ModuleMigrations modules[] = {{"test", migrations}};
    return Database::open(loop_, options(key), modules);
  }
  std::filesystem::path dir_;
  VirtualLoop loop_;
};

async::Task<Result<std::int64_t>> insert(Database& db, std::string name) {
  co_return co_await db.write([name](Transaction& t) -> Result<std::int64_t> {
    return t.db().run("INSERT INTO items (name) VALUES ($1)", name);
  });
}
async::Task<Result<std::int64_t>> count(Database& db) {
  co_return co_await db.read([](Connection& c) { return c.count("SELECT count(*) FROM items"); });
}

TEST_F(Db, WritesSurviveReopenAndTheFileIsEncrypted) {
  {
    auto db = open(kFirst);
    ASSERT_TRUE(db) << db.error().message;
    ASSERT_TRUE(async::testing::run(loop_, insert(**db, "a canary value")));
  }
  std::ifstream file(dir_ / "t.db", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_GT(bytes.size(), 4096u);
  EXPECT_EQ(bytes.find("canary"), std::string::npos);
  EXPECT_FALSE(bytes.starts_with("SQLite format 3"));
  auto db = open(kFirst);
  ASSERT_TRUE(db);
  EXPECT_EQ(*async::testing::run(loop_, count(**db)), 1);
}

TEST_F(Db, AWrongKeyIsRefusedAndChangesNothing) {
  ASSERT_TRUE(open(kFirst));
  const auto size = std::filesystem::file_size(dir_ / "t.db");
  const auto db = open(kFirst, "00d29ca851e7b56e4697b0e1f08507293d761a05ce4d1b628663f411a8086d99");
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(std::filesystem::file_size(dir_ / "t.db"), size);
}

// The schema lies on more pages than the first: what is wrong there is the file, and neither key nor disk.
TEST_F(Db, ADamagedSchemaIsNoHinderedDisk) {
  {
    auto db = open(kFirst);
    ASSERT_TRUE(db);
    ASSERT_TRUE(async::testing::run(loop_, (*db)->write([](Transaction& t) -> Result<void> {
      for (int i = 0; i < 100; ++i)
        PRYX_TRY_VOID(t.db().execute(fmt::format("CREATE TABLE wide_{} (a TEXT, b TEXT, c TEXT)", i)));
      return {};
    })));
  }
  const std::string path = dir_ / "t.db";
  constexpr std::streamoff kPage = 4096;
  int damaged = 0;
  for (std::streamoff page = 1; page * kPage < static_cast<std::streamoff>(std::filesystem::file_size(path));
       ++page) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(page * kPage + 100);
    const char sound = static_cast<char>(file.get());
    file.seekp(page * kPage + 100).put(static_cast<char>(sound ^ 1)).flush();
    const auto opened = Connection::open({.path = path, .key = Secret(std::string(kKey)), .read_only = true});
    if (!opened) {
      ++damaged;
      EXPECT_EQ(opened.error().code, ErrorCode::kCheckFailed) << opened.error().message;
      EXPECT_NE(opened.error().message.find("is damaged"), std::string::npos) << opened.error().message;
    }
    file.seekp(page * kPage + 100).put(sound).flush();
  }
  EXPECT_GT(damaged, 0);
}

TEST_F(Db, ASecondWriterIsRefused) {
  const auto first = open(kFirst);
  ASSERT_TRUE(first);
  const auto second = open(kFirst);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

async::Task<void> insert_into(Database& db, std::string name, std::vector<Result<std::int64_t>>& out) {
  auto result = co_await insert(db, std::move(name));
  out.push_back(std::move(result));
}

TEST_F(Db, OneCommitForABatchAndAFailingJobHurtsOnlyItself) {
  auto db = open(kFirst);
  ASSERT_TRUE(db);
  async::TaskGroup group(loop_, "t");
  std::vector<Result<std::int64_t>> out;
  for (const char* name : {"a", "b", "a", "c"}) group.spawn("insert", insert_into(**db, name, out));
  const auto before = (*db)->stats().commits;
  loop_.run_until_idle();
  ASSERT_EQ(out.size(), 4u);
  EXPECT_TRUE(out[0] && out[1] && out[3]);
  ASSERT_FALSE(out[2]);
  EXPECT_EQ(out[2].error().code, ErrorCode::kConflict);
  EXPECT_EQ((*db)->stats().commits, before + 1);
  EXPECT_EQ(*async::testing::run(loop_, count(**db)), 3);
}

async::Task<Result<std::int64_t>> insert_noting(Database& db, std::vector<int>& log) {
  const auto r = co_await db.write([&log](Transaction& t) -> Result<std::int64_t> {
    t.after_commit([&log] { log.push_back(1); });
    return t.db().run("INSERT INTO items (name) VALUES ($1)", "same");
  });
  log.push_back(r ? 2 : -2);
  co_return r;
}

TEST_F(Db, CallbacksRunAfterCommitOnly) {
  auto db = open(kFirst);
  ASSERT_TRUE(db);
  std::vector<int> log;
  EXPECT_TRUE(async::testing::run(loop_, insert_noting(**db, log)));
  EXPECT_FALSE(async::testing::run(loop_, insert_noting(**db, log)));
  EXPECT_EQ(log, (std::vector<int>{1, 2, -2}));
}

async::Task<void> insert_and_look(Database& db, std::string name, std::vector<std::int64_t>& seen) {
  (void)co_await db.write([&, name](Transaction& t) -> Result<std::int64_t> {
    t.before_commit([&seen](Connection& c) {
      const auto items = c.count("SELECT count(*) FROM items");
      seen.push_back(items.value_or(-1));
    });
    return t.db().run("INSERT INTO items (name) VALUES ($1)", name);
  });
}

TEST_F(Db, WhatIsAboutToBeCommittedIsSeenWithAllJobsThatShareTheCommit) {
  auto db = open(kFirst);
  ASSERT_TRUE(db);
  async::TaskGroup group(loop_, "t");
  std::vector<std::int64_t> seen;
  for (const char* name : {"a", "b", "a", "c"}) group.spawn("insert", insert_and_look(**db, name, seen));
  loop_.run_until_idle();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{3, 3, 3}));  // the second "a" failed: it looks at nothing
}

TEST_F(Db, ASecondMigrationIsRehearsedAndBackedUp) {
  {
    auto db = open(kFirst);
    ASSERT_TRUE(async::testing::run(loop_, insert(**db, "old")));
  }
  auto db = open(kSecond);
  ASSERT_TRUE(db) << db.error().message;
  EXPECT_EQ((*db)->migration_report().applied, 1);
  EXPECT_TRUE(std::filesystem::exists((*db)->migration_report().backup_path));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "t.db.rehearsal"));
  EXPECT_EQ(*async::testing::run(loop_, count(**db)), 1);
}

TEST_F(Db, AFailingMigrationLeavesTheOriginalUntouched) {
  {
    auto db = open(kFirst);
    ASSERT_TRUE(async::testing::run(loop_, insert(**db, "old")));
  }
  const auto failed = open(kBroken);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kCheckFailed);
  auto db = open(kSecond);
  ASSERT_TRUE(db) << db.error().message;
  EXPECT_EQ(*async::testing::run(loop_, count(**db)), 1);
}

TEST_F(Db, AnUpgradeThatIsCutOffHasNotBegun) {
  ASSERT_TRUE(open(kFirst));
  const OpenOptions original = options().open;
  auto connection = Connection::open(original);
  ASSERT_TRUE(connection);
  // The last change passes on the copy and fails on the original, where the name is taken.
  ASSERT_TRUE((*connection)->execute("CREATE TEMP TABLE mark (x)"));
  const Migration changes[] = {kSecond[0], kSecond[1], {3, "mark", "CREATE TEMP TABLE mark (x)"}};
  const ModuleMigrations modules[] = {{"test", changes}};
  const auto failed = migrate(original, **connection, modules, WallTime{});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("migration test 3 \"mark\""), std::string::npos)
      << failed.error().message;
  EXPECT_EQ(*(*connection)->count("SELECT count(*) FROM schema_migrations"), 1);
  EXPECT_EQ(*(*connection)->count("SELECT count(*) FROM pragma_table_info('items')"), 2);
  connection->reset();
  auto db = open(kSecond);
  ASSERT_TRUE(db) << db.error().message;
  EXPECT_FALSE(std::filesystem::exists(dir_ / "t.db.before-upgrade.new"));
}

TEST_F(Db, ACopyIsOnlyMadeOfAWholeFile) {
  ASSERT_TRUE(open(kFirst));
  const OpenOptions original = options().open;
  auto writer = Connection::open(original);
  auto reader = Connection::open(original);
  ASSERT_TRUE(writer && reader);
  ASSERT_TRUE((*writer)->execute("PRAGMA busy_timeout = 50"));
  // While somebody reads an older state, what was written since stays in the log.
  ASSERT_TRUE((*reader)->execute("BEGIN; SELECT count(*) FROM items"));
  ASSERT_TRUE((*writer)->execute("INSERT INTO items (name) VALUES ('new')"));
  const ModuleMigrations modules[] = {{"test", kSecond}};
  const auto refused = migrate(original, **writer, modules, WallTime{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE((*reader)->execute("COMMIT"));
  const auto done = migrate(original, **writer, modules, WallTime{});
  ASSERT_TRUE(done) << done.error().message;
  OpenOptions kept = original;
  kept.path = done->backup_path;
  auto backup = Connection::open(kept);
  ASSERT_TRUE(backup);
  EXPECT_EQ(*(*backup)->count("SELECT count(*) FROM items"), 1);
}

TEST_F(Db, ANewerDatabaseIsRefused) {
  ASSERT_TRUE(open(kSecond));
  const auto older = open(kFirst);
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::kConflict);
}

TEST_F(Db, ParametersMayBeOutOfOrder) {
  auto db = open(kFirst);
  ASSERT_TRUE(db);
  OpenOptions open_options = options().open;
  open_options.path = dir_ / "other.db";
  auto connection = Connection::open(open_options);
  ASSERT_TRUE(connection);
  const auto row =
      (*connection)
          ->find("SELECT $2 || '-' || $1 || '-' || $2", [](const Row& r) { return r.text(0); }, "a", "b");
  ASSERT_TRUE(row && *row);
  EXPECT_EQ(**row, "b-a-b");
}

struct RealClock : Clock {
  [[nodiscard]] MonotonicTime monotonic() const override {
    return {std::chrono::steady_clock::now().time_since_epoch()};
  }
  [[nodiscard]] WallTime wall() const override { return {1}; }
};

async::Task<void> hammer(Database& db, int writer, int& left, async::RealEventLoop& loop, int& failures) {
  for (int i = 0; i < 50; ++i) {
    const auto r = co_await insert(db, fmt::format("{}-{}", writer, i));
    if (!r) ++failures;
    const auto c = co_await count(db);
    if (!c || *c < i + 1) ++failures;  // a reader sees what its own task was told is committed
  }
  if (--left == 0) loop.stop();
}

TEST_F(Db, FiftyWritersOnRealThreadsSeeTheirOwnCommits) {
  RealClock clock;
  async::RealEventLoop loop(clock);
  auto opts = options();
  opts.inline_mode = false;
  const ModuleMigrations modules[] = {{"test", kFirst}};
  auto db = Database::open(loop, opts, modules);
  ASSERT_TRUE(db);
  int left = 50, failures = 0;
  async::TaskGroup group(loop, "t");
  for (int w = 0; w < 50; ++w) group.spawn("hammer", hammer(**db, w, left, loop, failures));
  loop.run();
  EXPECT_EQ(failures, 0);
  EXPECT_LT((*db)->stats().commits, 2500u);  // group commit
}

async::Task<void> read_twice(Database& db, Connection& other, std::vector<std::int64_t>& seen,
                             async::RealEventLoop& loop) {
  (void)co_await db.read([&](Connection& c) -> Result<void> {
    for (const char* name : {"first", "second"}) {
      PRYX_TRY(const auto items, c.count("SELECT count(*) FROM items"));
      seen.push_back(items);
      PRYX_TRY_VOID(other.run("INSERT INTO items (name) VALUES ($1)", name));
    }
    return {};
  });
  const auto after = co_await count(db);
  seen.push_back(after.value_or(-1));
  loop.stop();
}

TEST_F(Db, AReadSeesOneViewUntilItsEnd) {
  RealClock clock;
  async::RealEventLoop loop(clock);
  auto opts = options();
  opts.inline_mode = false;
  const ModuleMigrations modules[] = {{"test", kFirst}};
  auto db = Database::open(loop, opts, modules);
  ASSERT_TRUE(db);
  auto other = Connection::open(opts.open);
  ASSERT_TRUE(other);
  std::vector<std::int64_t> seen;
  async::TaskGroup group(loop, "t");
  group.spawn("read", read_twice(**db, **other, seen, loop));
  loop.run();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 0, 2}));
}

// FTS5 checks an index with the shape it had at the connection's last search: without a new search first,
// what another connection wrote since reads as damage.
TEST_F(Db, AnIndexThatAnotherConnectionWroteToIsSound) {
  OpenOptions options;
  options.path = dir_ / "search.db";
  auto writer = Connection::open(options);
  ASSERT_TRUE(writer && (*writer)->execute("CREATE VIRTUAL TABLE notes USING fts5(body)"));
  const auto write = [&](int from) {
    for (int i = from; i < from + 200; ++i)
      ASSERT_TRUE(
          (*writer)->run("INSERT INTO notes (body) VALUES ($1)", fmt::format("word{} and word{}", i, i * 7)));
  };
  write(0);
  auto reader = Connection::open(options);
  ASSERT_TRUE(reader && (*reader)->count("SELECT count(*) FROM notes WHERE notes MATCH $1", "word5") == 1);
  write(200);
  const auto checked = check_integrity(**reader);
  EXPECT_TRUE(checked) << checked.error().message;
}

}  // namespace
}  // namespace pryx::db
