// SPDX-License-Identifier: MIT
// The daemon's store, upgraded from every version that each of its modules ever had, with rows in every
// table.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "foundation/platform/testing/temporary_directory.h"
#include "store_modules.h"

namespace pryx::app {
namespace {

constexpr std::string_view kKey = "2dd29ca851e7b56e4697b0e1f08507293d761a05ce4d1b628663f411a8086d99";

// What a made-up value would not do for: a migration reads it, or another table names it. {} is the row.
const std::map<std::string, std::string, std::less<>>& values_by_hand() {
  static const std::map<std::string, std::string, std::less<>> kValues = {
      {"sessions.id", "'session_id-{}'"},
      {"messages.role", "'user'"},
      {"messages.streaming", "0"},
      {"messages.parts", R"('[{{"type":"text","text":"word{}"}}]')"},
      {"turns.usage", R"('{{"in":{0}5,"out":7,"nano_usd":9,"calls":1,"unpriced":0}}')"}};
  return kValues;
}

// An index of words repeats what another table holds.
const std::map<std::string, std::string, std::less<>>& indexes_by_hand() {
  static const std::map<std::string, std::string, std::less<>> kIndexes = {
      {"messages_fts", "INSERT INTO messages_fts (rowid, text) SELECT seq, 'word' || seq FROM messages"},
      {"memories_fts", "INSERT INTO memories_fts (rowid, text) SELECT number, text FROM memories"}};
  return kIndexes;
}

struct Column {
  std::string name, type;
  bool not_null = false;
  int key = 0;  // its place in the primary key, from 1
};
struct Table {
  std::string name, sql;
  bool is_virtual = false;
  std::vector<Column> columns;
};

// The rows of each table, by the columns named, each row as one text.
using Rows = std::map<std::string, std::vector<std::string>>;

class Store {
 public:
  explicit Store(const std::string& path)
      : options_{.path = path, .key = Secret(std::string(kKey))},
        connection_(*db::Connection::open(options_)) {}

  [[nodiscard]] db::Connection& db() { return *connection_; }
  [[nodiscard]] Result<db::MigrationReport> migrate(std::span<const db::ModuleMigrations> modules) {
    return db::migrate(options_, *connection_, modules, WallTime{1'000});
  }

  [[nodiscard]] std::vector<Table> tables() {
    std::vector<Table> out = *connection_->list(
        "SELECT l.name, coalesce(s.sql, ''), l.type FROM pragma_table_list AS l JOIN "
        "sqlite_schema AS s ON s.name = l.name WHERE l.schema = 'main' AND l.type IN "
        "('table', 'virtual') AND l.name NOT IN ('schema_migrations', 'sqlite_schema', "
        "'sqlite_sequence') ORDER BY l.name",
        [](const db::Row& r) { return Table{r.text(0), r.text(1), r.view(2) == "virtual", {}}; });
    for (Table& table : out) {
      table.columns = *connection_->list(
          "SELECT name, type, \"notnull\", pk FROM pragma_table_info($1)",
          [](const db::Row& r) {
            return Column{r.text(0), r.text(1), r.boolean(2), static_cast<int>(r.integer(3))};
          },
          table.name);
    }
    return out;
  }

  // Rows into every table: at least two, one with nothing in what may be empty; one for each word that a
  // column is confined to.
  void fill() {
    must("BEGIN");
    const std::vector<Table> all = tables();
    for (const Table& table : all) {
      if (table.is_virtual) continue;
      std::size_t count = 2;
      for (const Column& column : table.columns) count = std::max(count, words_of(table, column).size());
      for (std::size_t row = 1; row <= count; ++row) must(insert_of(table, row));
    }
    for (const Table& table : all) {
      if (!table.is_virtual) continue;
      const auto found = indexes_by_hand().find(table.name);
      ASSERT_NE(found, indexes_by_hand().end()) << table.name << ": say what this index is filled from";
      must(found->second);
    }
    must("COMMIT");
  }

  // Of these columns where they are given, else of all.
  [[nodiscard]] Rows rows(const std::vector<Table>& of) {
    Rows out;
    for (const Table& table : of) {
      std::string columns;
      for (const Column& column : table.columns)
        columns += fmt::format("{}quote(\"{}\")", columns.empty() ? "" : " || ', ' || ", column.name);
      if (table.is_virtual) columns = "quote(rowid)";
      auto found = connection_->list(keep(fmt::format("SELECT {} FROM \"{}\"", columns, table.name)),
                                     [](const db::Row& r) { return r.text(0); });
      EXPECT_TRUE(found) << table.name << ": " << (found ? "" : found.error().message);
      if (!found) continue;
      std::ranges::sort(*found);
      out.emplace(table.name, std::move(*found));
    }
    return out;
  }

  [[nodiscard]] std::int64_t count(std::string sql) { return *connection_->count(keep(std::move(sql))); }
  void must(std::string_view sql) {
    const auto done = connection_->execute(sql);
    ASSERT_TRUE(done) << sql << ": " << done.error().message;
  }

 private:
  [[nodiscard]] db::Sql keep(std::string sql) { return db::Sql::kept(kept_.emplace_back(std::move(sql))); }

  // The words that CHECK (column IN ('a', 'b')) allows.
  [[nodiscard]] static std::vector<std::string> words_of(const Table& table, const Column& column) {
    std::vector<std::string> words;
    const std::size_t check = table.sql.find(fmt::format("CHECK ({} IN (", column.name));
    if (check == std::string::npos) return words;
    const std::size_t end = table.sql.find("))", check);
    for (std::size_t at = table.sql.find('\'', check); at < end;) {
      const std::size_t close = table.sql.find('\'', at + 1);
      words.push_back(table.sql.substr(at, close - at + 1));
      at = table.sql.find('\'', close + 1);
    }
    return words;
  }

  [[nodiscard]] static std::string value_of(const Table& table, const Column& column, std::size_t row) {
    const auto by_hand = values_by_hand().find(fmt::format("{}.{}", table.name, column.name));
    if (by_hand != values_by_hand().end()) return fmt::format(fmt::runtime(by_hand->second), row);
    const std::vector<std::string> words = words_of(table, column);
    if (!words.empty()) return words[(row - 1) % words.size()];
    if (row == 1 && !column.not_null && column.key == 0) return "NULL";
    if (column.type == "INTEGER") return fmt::format("{}", row);
    if (column.type == "BLOB") return fmt::format("x'00ff{:02x}'", row);
    return fmt::format("'{}-{}'", column.name, row);
  }

  [[nodiscard]] static std::string insert_of(const Table& table, std::size_t row) {
    std::string names, values;
    for (const Column& column : table.columns) {
      const char* separator = names.empty() ? "" : ", ";
      names += fmt::format("{}\"{}\"", separator, column.name);
      values += separator + value_of(table, column, row);
    }
    return fmt::format("INSERT INTO \"{}\" ({}) VALUES ({})", table.name, names, values);
  }

  db::OpenOptions options_;
  std::deque<std::string> kept_;  // the connection keeps its statements under their texts
  std::unique_ptr<db::Connection> connection_;
};

std::vector<db::ModuleMigrations> up_to(std::span<const db::ModuleMigrations> modules, std::size_t version) {
  std::vector<db::ModuleMigrations> out;
  for (const db::ModuleMigrations& module : modules)
    out.push_back({module.module, module.migrations.first(std::min(version, module.migrations.size()))});
  return out;
}

std::size_t steps_of(std::span<const db::ModuleMigrations> modules) {
  std::size_t count = 0;
  for (const db::ModuleMigrations& module : modules) count += module.migrations.size();
  return count;
}

// Empty when every row that there was is there; else the first table that lost or changed one.
std::string lost_in(const Rows& before, const Rows& after) {
  for (const auto& [table, rows] : before) {
    const auto found = after.find(table);
    if (found == after.end()) return fmt::format("{} is gone", table);
    if (found->second != rows)
      return fmt::format("{} had {} rows and has {}, or others", table, rows.size(), found->second.size());
  }
  return {};
}

// Makes a store of one version with rows in it, upgrades it, and says what it finds.
void upgrade(std::span<const db::ModuleMigrations> modules, std::size_t version) {
  const platform::testing::TemporaryDirectory folder;
  const std::vector<db::ModuleMigrations> old = up_to(modules, version);
  std::vector<Table> tables;
  Rows before;
  {
    Store store(folder / "store.db");
    ASSERT_TRUE(store.migrate(old));
    store.fill();
    if (::testing::Test::HasFatalFailure()) return;
    tables = store.tables();
    before = store.rows(tables);
  }
  for (const Table& table : tables) EXPECT_GE(before[table.name].size(), 2u) << table.name;

  std::string backup;
  {
    Store store(folder / "store.db");
    const auto report = store.migrate(modules);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_FALSE(report->was_empty);
    EXPECT_EQ(static_cast<std::size_t>(report->applied), steps_of(modules) - steps_of(old));
    backup = report->backup_path;
    const auto intact = db::check_integrity(store.db());
    EXPECT_TRUE(intact) << intact.error().message;
    EXPECT_EQ(lost_in(before, store.rows(tables)), "");
    EXPECT_EQ(store.count("SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'word2'"), 1);
    EXPECT_EQ(store.count("SELECT count(*) FROM memories_fts WHERE memories_fts MATCH 'text'"), 3);
  }
  EXPECT_EQ(backup.empty(), steps_of(modules) == steps_of(old));
  if (!backup.empty()) {
    Store kept(backup);
    EXPECT_EQ(lost_in(before, kept.rows(kept.tables())), "");
    EXPECT_EQ(static_cast<std::size_t>(kept.count("SELECT count(*) FROM schema_migrations")), steps_of(old));
  }
  Store again(folder / "store.db");
  const auto report = again.migrate(modules);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->applied, 0);
}

TEST(StoreUpgrade, KeepsEveryRowFromEveryVersionOfEveryModule) {
  const auto modules = store_modules();
  std::size_t newest = 0;
  for (const db::ModuleMigrations& module : modules) newest = std::max(newest, module.migrations.size());
  ASSERT_GE(newest, 16u);
  for (std::size_t version = 1; version <= newest; ++version) {
    SCOPED_TRACE(fmt::format("every module at version {} or its newest", version));
    upgrade(modules, version);
  }
}

// One module is behind while all others have gone on, as when a release changed no other.
TEST(StoreUpgrade, KeepsEveryRowWhenOneModuleIsBehindTheOthers) {
  const auto modules = store_modules();
  for (const db::ModuleMigrations& module : modules) {
    for (std::size_t version = 1; version < module.migrations.size(); version += 3) {
      SCOPED_TRACE(fmt::format("{} at version {}", module.module, version));
      const platform::testing::TemporaryDirectory folder;
      std::vector<db::ModuleMigrations> old(modules.begin(), modules.end());
      for (db::ModuleMigrations& one : old) {
        if (one.module == module.module) one.migrations = one.migrations.first(version);
      }
      Store store(folder / "store.db");
      ASSERT_TRUE(store.migrate(old));
      store.fill();
      const std::vector<Table> tables = store.tables();
      const Rows before = store.rows(tables);
      const auto report = store.migrate(modules);
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_EQ(lost_in(before, store.rows(tables)), "");
      EXPECT_TRUE(db::check_integrity(store.db()));
    }
  }
}

// The control: an upgrade that forgets a row, or rewrites one, is seen.
TEST(StoreUpgrade, SeesWhatAnUpgradeLosesOrRewrites) {
  static constexpr db::Migration kCreate{
      1, "make it",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('a','b','c')), note TEXT, "
      "bytes BLOB NOT NULL) STRICT"};
  for (const auto& [sql, is_loss] :
       {std::pair<std::string_view, bool>{"ALTER TABLE t ADD COLUMN more TEXT NOT NULL DEFAULT ''", false},
        {"DELETE FROM t WHERE note IS NULL", true},
        {"UPDATE t SET bytes = x'00' WHERE id = 1", true},
        {"DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, kind TEXT, note TEXT, bytes BLOB)", true}}) {
    const platform::testing::TemporaryDirectory folder;
    const db::Migration steps[] = {kCreate, {2, "change it", sql}};
    const db::ModuleMigrations modules[] = {{"test", steps}};
    Store store(folder / "store.db");
    ASSERT_TRUE(store.migrate(up_to(modules, 1)));
    store.fill();
    const std::vector<Table> tables = store.tables();
    const Rows before = store.rows(tables);
    EXPECT_EQ(before.at("t").size(), 3u);
    ASSERT_TRUE(store.migrate(modules));
    EXPECT_EQ(!lost_in(before, store.rows(tables)).empty(), is_loss) << sql;
  }
}

}  // namespace
}  // namespace pryx::app
