// SPDX-License-Identifier: MIT
// One SQLCipher connection with cached statements. SQL is written as static constants with $1 parameters, in
// the subset PostgreSQL shares. A Connection is used by one thread at a time; rows are valid only inside the
// callback that receives them.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/result.h"
#include "foundation/base/secret.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pryx::db {

struct Null {};
struct Blob {
  std::string_view bytes;
};

class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string_view view(int column) const;  // until the next row; also the bytes of a blob
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] bool boolean(int column) const { return integer(column) != 0; }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
  [[nodiscard]] WallTime time(int column) const { return WallTime{integer(column)}; }
  [[nodiscard]] std::optional<WallTime> optional_time(int column) const;
  template <class IdType>
  [[nodiscard]] IdType id(int column) const {
    return IdType(text(column));
  }

 private:
  sqlite3_stmt* statement_;
};

// The text of a cached statement. A connection keeps its statements under their text without copying it, so
// the text must live as long as the program: the compiler takes constants only, and `kept` is for a static
// that was put together.
class Sql {
 public:
  consteval Sql(const char* constant) : text_(constant) {}
  consteval Sql(std::string_view constant) : text_(constant) {}
  [[nodiscard]] static Sql kept(const std::string& lives_on) { return Sql(lives_on, Unchecked{}); }
  static Sql kept(std::string&&) = delete;
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  struct Unchecked {};
  Sql(std::string_view text, Unchecked) : text_(text) {}
  std::string_view text_;
};

struct OpenOptions {
  std::string path;
  Secret key;       // 64 hex digits: the raw 256-bit key; empty only in tests
  std::string vfs;  // empty: the system's
  bool read_only = false;
  bool exclusive = false;  // one connection for everything, wal-index in heap memory (simulation)
  int cache_kib = 2048;
};

class Connection {
 public:
  // kUnauthenticated: another key, or a file that is no database. kCheckFailed: its pages are damaged.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const OpenOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Writes the log that a dead process left once more, as it is, and syncs it. After a failed sync Linux may
  // hold pages that look written, that no later sync brings to the disk, and that commits would be appended
  // to. Start-up only.
  [[nodiscard]] Result<void> rewrite_log();

  // Several statements without parameters, compiled anew each time: schema, pragmas. Rows are thrown away.
  [[nodiscard]] Result<void> execute(std::string_view sql);

  // Runs one statement and returns the number of changed rows.
  template <class... Args>
  [[nodiscard]] Result<std::int64_t> run(Sql sql, const Args&... args) {
    PRYX_TRY(Use use, start(sql));
    bind_all(use, args...);
    return finish(use);
  }
  // Calls on_row(const Row&) for each row; a callback returning bool stops at false.
  template <class OnRow, class... Args>
  [[nodiscard]] Result<void> each(Sql sql, OnRow&& on_row, const Args&... args) {
    PRYX_TRY(Use use, start(sql));
    bind_all(use, args...);
    for (;;) {
      PRYX_TRY(const bool has_row, step(use));
      if (!has_row) return {};
      if constexpr (std::is_same_v<std::invoke_result_t<OnRow&, const Row&>, bool>) {
        if (!on_row(Row(use.statement))) return {};
      } else {
        on_row(Row(use.statement));
      }
    }
  }
  template <class Read, class... Args>
  [[nodiscard]] auto find(Sql sql, Read&& read, const Args&... args)
      -> Result<std::optional<std::invoke_result_t<Read&, const Row&>>> {
    std::optional<std::invoke_result_t<Read&, const Row&>> out;
    PRYX_TRY_VOID(each(
        sql,
        [&](const Row& row) {
          out.emplace(read(row));
          return false;
        },
        args...));
    return out;
  }
  template <class Read, class... Args>
  [[nodiscard]] auto list(Sql sql, Read&& read, const Args&... args)
      -> Result<std::vector<std::invoke_result_t<Read&, const Row&>>> {
    std::vector<std::invoke_result_t<Read&, const Row&>> out;
    PRYX_TRY_VOID(each(sql, [&](const Row& row) { out.push_back(read(row)); }, args...));
    return out;
  }
  template <class... Args>
  [[nodiscard]] Result<std::int64_t> count(Sql sql, const Args&... args) {
    PRYX_TRY(const auto value, find(sql, [](const Row& row) { return row.integer(0); }, args...));
    return value.value_or(0);
  }

  [[nodiscard]] std::int64_t last_insert_rowid() const;
  [[nodiscard]] bool is_in_transaction() const;
  // Makes a running read on another thread return early (SQLITE_INTERRUPT). The one call allowed from other
  // threads.
  void interrupt();
  [[nodiscard]] sqlite3* handle() { return db_; }

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  struct Prepared {
    sqlite3_stmt* statement = nullptr;
    std::vector<int> slots;  // argument number -> SQLite's index: $2 may be written before $1
  };
  // Resets the statement when the use ends, so that no read transaction stays open.
  struct Use {
    sqlite3_stmt* statement = nullptr;
    const Prepared* prepared = nullptr;
    explicit Use(const Prepared& p) : statement(p.statement), prepared(&p) {}
    Use(Use&& other) noexcept
        : statement(std::exchange(other.statement, nullptr)), prepared(other.prepared) {}
    Use& operator=(Use&&) = delete;
    ~Use();
  };
  [[nodiscard]] Result<Use> start(Sql sql);
  [[nodiscard]] Result<bool> step(Use& use);
  [[nodiscard]] Result<std::int64_t> finish(Use& use);
  [[nodiscard]] std::unexpected<Error> sqlite_error(std::string_view what, std::string_view sql);

  void bind(Use& use, int number, std::string_view text);
  void bind(Use& use, int number, const std::string& text) { bind(use, number, std::string_view(text)); }
  void bind(Use& use, int number, const char* text) { bind(use, number, std::string_view(text)); }
  void bind(Use& use, int number, Blob blob);
  void bind(Use& use, int number, Null);
  void bind(Use& use, int number, double value);
  void bind(Use& use, int number, WallTime time) { bind_integer(use, number, time.unix_ms); }
  template <class T>
    requires std::is_integral_v<T>
  void bind(Use& use, int number, T value) {
    bind_integer(use, number, static_cast<std::int64_t>(value));
  }
  template <class Tag>
  void bind(Use& use, int number, const Id<Tag>& id) {
    if (id.empty())
      bind(use, number, Null{});
    else
      bind(use, number, std::string_view(id.str()));
  }
  template <class T>
  void bind(Use& use, int number, const std::optional<T>& value) {
    if (value)
      bind(use, number, *value);
    else
      bind(use, number, Null{});
  }
  void bind_integer(Use& use, int number, std::int64_t value);
  template <class... Args>
  void bind_all(Use& use, const Args&... args) {
    [[maybe_unused]] int number = 0;
    (bind(use, ++number, args), ...);
  }

  sqlite3* db_;
  std::unordered_map<std::string_view, Prepared> cache_;
};

}  // namespace pryx::db
