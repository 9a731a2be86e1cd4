// SPDX-License-Identifier: MIT
// The record of what was intended and what came of it. Append-only: triggers refuse UPDATE and DELETE, and
// every entry is a leaf of an RFC 6962 Merkle tree. What is personal about an entry (arguments, texts) is
// sealed beside it under its subject's key, and the leaf holds a salted commitment to it: destroying the key
// erases the content and leaves the tree as it was. append() runs inside the transaction of the act itself,
// on the writer's thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "foundation/base/secret.h"
#include "foundation/db/database.h"
#include "trust/audit/checkpoint.h"

namespace pryx::audit {

struct Entry {
  PrincipalId principal;
  std::string kind;   // "tool.intent", "tool.outcome", "tool.denied", "approval.resolved", "policy.changed"…
  std::string actor;  // surface or component that caused it
  SessionId session;  // these may be empty
  TurnId turn;
  StepId step;
  std::string subject;          // the tool, the setting…
  json::object detail = {};     // decision, rule, hashes, outcome; never a secret, nothing personal
  std::optional<bool> success;  // of an outcome
  json::object personal = {};   // arguments, renderings, reasons: erased with the session
};

enum class Personal : std::uint8_t {
  kNone,     // the entry has none
  kPresent,  // opened
  kErased,   // its subject's key was destroyed, as another entry says
  kSealed,   // nobody tried to open it, or it does not open
};

struct Row {
  std::int64_t index = 0;  // from 1, without gaps
  WallTime at;
  Entry entry;
  std::string hash;  // format 2: the leaf's hash, hex; format 1: of the chain
  int format = 2;
  std::optional<std::int64_t> subject_key;
  std::string commitment;   // hex; empty when nothing is personal
  std::string detail_text;  // of a stored row of format 2: entry.detail in canonical form
  Personal state = Personal::kNone;
  std::string salt;  // of the commitment, hex; kPresent only
};

// How much of a stored row is read.
enum class Reading : std::uint8_t {
  kWhole,
  kToVerify,  // what is only hashed stays text: `detail` (but of audit.erased), `personal` and `salt` are
              // empty
};

// What the leaf is the hash of: RFC 8785 JSON.
[[nodiscard]] std::string leaf_bytes(const Row& row);
// "pryx/audit-personal/1", NUL, salt, canonical content; hex.
[[nodiscard]] std::string commitment_of(std::string_view salt, const json::object& personal);
[[nodiscard]] std::string commitment_of(std::string_view salt, std::string_view canonical_personal);

struct Query {
  PrincipalId principal;
  std::string session, turn, tool, surface, action;  // empty: any; action may end in ".*"
  std::optional<bool> success;
  std::optional<WallTime> after, before;
  std::int64_t from = 1;           // only rows with this index or a larger one
  std::int64_t below = INT64_MAX;  // only rows with a smaller index
  std::int64_t limit = 50;
};

// What the log needs of the daemon's key. Without them nothing personal is kept.
struct LogKeys {
  Secret master;  // 32 bytes
  Random& random;
};

class AuditLog {
 public:
  explicit AuditLog(const Clock& clock) : clock_(clock) {}
  AuditLog(const Clock& clock, const LogKeys& keys);
  [[nodiscard]] static db::ModuleMigrations migrations();
  // Inside a write job; returns the index. When it fails, the act it records must not happen.
  [[nodiscard]] Result<std::int64_t> append(db::Transaction& transaction, const Entry& entry);
  // Adds one that is called after each commit that held entries, with each index. On the loop, and for as
  // long as this log lives.
  void on_growth(std::function<void(std::int64_t)> callback) { on_growth_.push_back(std::move(callback)); }

  // Destroys the key of a session's (or, with an empty one, of all the principal's) personal content and
  // removes the content. The entries stay. Writes the entry "audit.erased".
  [[nodiscard]] Result<void> erase(db::Transaction& transaction, const PrincipalId& principal,
                                   const SessionId& session, const std::string& actor);

  // Inside a read job. Newest first.
  [[nodiscard]] static Result<std::vector<Row>> list(db::Connection& connection, const PrincipalId& principal,
                                                     std::int64_t before, std::int64_t limit);
  // Newest first, personal content opened.
  [[nodiscard]] Result<std::vector<Row>> find(db::Connection& connection, const Query& query) const;
  [[nodiscard]] Result<std::optional<Row>> get(db::Connection& connection, const PrincipalId& principal,
                                               std::int64_t index) const;
  // Rows [first, last] of everybody, oldest first, personal content opened; the callback stops at false.
  [[nodiscard]] Result<void> walk(db::Connection& connection, std::int64_t first, std::int64_t last,
                                  const std::function<bool(const Row&)>& on_row,
                                  Reading reading = Reading::kWhole) const;
  // The steps whose decisions were recorded in this time, newest first and each once, at most `limit`.
  [[nodiscard]] static Result<std::vector<StepId>> decided_steps(db::Connection& connection,
                                                                 const PrincipalId& principal, WallTime from,
                                                                 WallTime to, std::size_t limit);
  [[nodiscard]] static Result<std::int64_t> size(db::Connection& connection);

  [[nodiscard]] const Secret& salt() const { return salt_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  struct Subject;
  struct Sealed;
  [[nodiscard]] Result<std::optional<Subject>> subject_for(db::Connection& c, const Entry& entry);
  [[nodiscard]] Result<std::optional<Sealed>> seal_personal(db::Connection& c, std::int64_t index,
                                                            const Entry& entry);
  // Subjects' keys as one walk over many rows has opened them.
  using OpenKeys = std::map<std::int64_t, Secret>;
  void open_personal(Row& row, std::string_view sealed_key, std::string_view sealed, OpenKeys& keys,
                     Reading reading = Reading::kWhole) const;
  const Clock& clock_;
  Secret wrap_;  // seals the subjects' keys
  Secret salt_;  // of secret_mark()
  Random* random_ = nullptr;
  std::vector<std::function<void(std::int64_t)>> on_growth_;
};

}  // namespace pryx::audit
