// SPDX-License-Identifier: MIT
#include "foundation/db/connection.h"

#include <sqlcipher/sqlite3.h>

#include <charconv>

#include "foundation/base/text.h"

namespace pryx::db {

std::string_view Row::view(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, static_cast<std::size_t>(size));
}
std::string Row::text(int column) const { return std::string(view(column)); }
std::int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Row::real(int column) const { return sqlite3_column_double(statement_, column); }
bool Row::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::optional<std::string> Row::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}
std::optional<std::int64_t> Row::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}
std::optional<WallTime> Row::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

namespace {

// With a wrong key SQLCipher answers "file is not a database"; so does a file that is none. Neither is ever
// overwritten.
Error open_error(sqlite3* db, const OpenOptions& options, std::string_view what) {
  const int code = db == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(db);
  if ((code & 0xff) == SQLITE_NOTADB) {
    return {ErrorCode::kUnauthenticated,
            fmt::format("database {} cannot be read with this key: the key is another one or the file is "
                        "damaged; nothing was changed",
                        options.path),
            -1};
  }
  // Pages that can be read and are not what was written: no disk and no rights to be mended first.
  if ((code & 0xff) == SQLITE_CORRUPT) {
    return {ErrorCode::kCheckFailed,
            fmt::format("database {} is damaged: {}; run `pryx doctor`", options.path, sqlite3_errmsg(db)),
            -1};
  }
  return {ErrorCode::kStorage,
          fmt::format("{} {}: {}", what, options.path, db == nullptr ? "out of memory" : sqlite3_errmsg(db)),
          -1};
}

std::string setup_sql(const OpenOptions& options) {
  std::string sql = fmt::format(
      "PRAGMA cache_size=-{}; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF;",
      options.cache_kib);
  if (!options.read_only) {
    // FULL: a commit that was acknowledged survives a power cut. The log is cut back to 16 MiB after a
    // checkpoint.
    sql +=
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=16777216; PRAGMA "
        "wal_autocheckpoint=2000;";
  }
  return sql;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const OpenOptions& options) {
  sqlite3* raw = nullptr;
  // FULLMUTEX is not needed: a connection has one user at a time; interrupt() is safe in this mode too.
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int opened =
      sqlite3_open_v2(options.path.c_str(), &raw, flags, options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (opened != SQLITE_OK) {
    const Error error = open_error(raw, options, "open database");
    sqlite3_close_v2(raw);
    return fail(error);
  }
  std::unique_ptr<Connection> connection(new Connection(raw));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 5000);
  if (!options.key.empty()) {
    sqlite3_exec(raw, "PRAGMA cipher_log_level=NONE", nullptr, nullptr,
                 nullptr);  // its messages would bypass our log
    std::string key = fmt::format("x'{}'", options.key.reveal());
    const int keyed = sqlite3_key(raw, key.data(), static_cast<int>(key.size()));
    wipe(key);
    if (keyed != SQLITE_OK) return fail(open_error(raw, options, "set the key of"));
  }
  // Before the first read: a database that is in WAL mode already would ask for shared memory otherwise.
  if (options.exclusive) sqlite3_exec(raw, "PRAGMA locking_mode=EXCLUSIVE", nullptr, nullptr, nullptr);
  if (sqlite3_exec(raw, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr) != SQLITE_OK) {
    return fail(open_error(raw, options, "read"));
  }
  if (sqlite3_exec(raw, setup_sql(options).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return fail(open_error(raw, options, "set up"));
  }
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, prepared] : cache_) sqlite3_finalize(prepared.statement);
  sqlite3_close_v2(db_);
}

std::unexpected<Error> Connection::sqlite_error(std::string_view what, std::string_view sql) {
  const int code = sqlite3_extended_errcode(db_);
  const int primary = code & 0xff;
  ErrorCode mapped = ErrorCode::kStorage;
  if (primary == SQLITE_CONSTRAINT) mapped = ErrorCode::kConflict;
  if (primary == SQLITE_INTERRUPT) mapped = ErrorCode::kCancelled;
  if (primary == SQLITE_TOOBIG) mapped = ErrorCode::kTooLarge;
  std::string_view hint;
  if (primary == SQLITE_FULL) hint = "; the disk is full: free some space, nothing was lost";
  if (primary == SQLITE_CORRUPT) hint = "; run `pryx doctor`";
  return fail(mapped, "database: {}: {} (code {}){} [{}]", what, sqlite3_errmsg(db_), code, hint,
              utf8_prefix(sql, 60));
}

Result<void> Connection::rewrite_log() {
  constexpr std::size_t kPiece = 64u << 10;
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK) return {};
  if (log == nullptr || log->pMethods == nullptr) return {};
  sqlite3_int64 size = 0;
  int code = log->pMethods->xFileSize(log, &size);
  if (code == SQLITE_OK && size == 0) return {};
  std::string piece(kPiece, '\0');
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;) {
    const int amount = static_cast<int>(std::min<sqlite3_int64>(kPiece, size - at));
    code = log->pMethods->xRead(log, piece.data(), amount, at);
    if (code == SQLITE_OK) code = log->pMethods->xWrite(log, piece.data(), amount, at);
    at += amount;
  }
  if (code == SQLITE_OK) code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (code == SQLITE_OK) return {};
  return fail(ErrorCode::kStorage, "database: the log of the last run cannot be secured: {} (code {})",
              sqlite3_errstr(code), code);
}

Result<void> Connection::execute(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return sqlite_error("statement failed", sql);
  return {};
}

Connection::Use::~Use() {
  if (statement == nullptr) return;
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
}

Result<Connection::Use> Connection::start(Sql constant) {
  const std::string_view sql = constant.text();
  const auto cached = cache_.find(sql);
  if (cached != cache_.end()) return Use(cached->second);
  Prepared prepared;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &prepared.statement, nullptr) != SQLITE_OK) {
    return sqlite_error("statement does not compile", sql);
  }
  const int count = sqlite3_bind_parameter_count(prepared.statement);
  for (int index = 1; index <= count; ++index) {
    const char* name = sqlite3_bind_parameter_name(prepared.statement, index);
    int number = 0;
    PRYX_CHECK(name != nullptr && name[0] == '$');
    std::from_chars(name + 1, name + std::char_traits<char>::length(name), number);
    PRYX_CHECK(number > 0);
    if (prepared.slots.size() <= static_cast<std::size_t>(number))
      prepared.slots.resize(static_cast<std::size_t>(number) + 1);
    prepared.slots[static_cast<std::size_t>(number)] = index;
  }
  return Use(cache_.emplace(sql, std::move(prepared)).first->second);
}

Result<bool> Connection::step(Use& use) {
  const int code = sqlite3_step(use.statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sqlite_error("statement failed", sqlite3_sql(use.statement));
}

Result<std::int64_t> Connection::finish(Use& use) {
  for (;;) {
    PRYX_TRY(const bool has_row, step(use));
    if (!has_row) return static_cast<std::int64_t>(sqlite3_changes64(db_));
  }
}

namespace {
int slot_of(const std::vector<int>& slots, int number) {
  // A parameter that the statement does not use is a bug in the statement, not in the data.
  PRYX_CHECK(static_cast<std::size_t>(number) < slots.size() && slots[static_cast<std::size_t>(number)] > 0);
  return slots[static_cast<std::size_t>(number)];
}
}  // namespace

// Text and blobs are bound without a copy: the arguments outlive the statement's use.
void Connection::bind(Use& use, int number, std::string_view text) {
  sqlite3_bind_text64(use.statement, slot_of(use.prepared->slots, number),
                      text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void Connection::bind(Use& use, int number, Blob blob) {
  sqlite3_bind_blob64(use.statement, slot_of(use.prepared->slots, number),
                      blob.bytes.data() == nullptr ? "" : blob.bytes.data(), blob.bytes.size(),
                      SQLITE_STATIC);
}
void Connection::bind(Use& use, int number, Null) {
  sqlite3_bind_null(use.statement, slot_of(use.prepared->slots, number));
}
void Connection::bind(Use& use, int number, double value) {
  sqlite3_bind_double(use.statement, slot_of(use.prepared->slots, number), value);
}
void Connection::bind_integer(Use& use, int number, std::int64_t value) {
  sqlite3_bind_int64(use.statement, slot_of(use.prepared->slots, number), value);
}

std::int64_t Connection::last_insert_rowid() const { return sqlite3_last_insert_rowid(db_); }
bool Connection::is_in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
void Connection::interrupt() { sqlite3_interrupt(db_); }

}  // namespace pryx::db
