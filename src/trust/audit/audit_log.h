// SPDX-License-Identifier: MIT
// The record of what was intended and what came of it. Append-only: triggers refuse UPDATE and DELETE, and
// each row's hash covers the row before it, so a changed, removed or reordered row is found by its index.
// append() runs inside the transaction of the act itself.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "foundation/db/database.h"

namespace pryx::audit {

struct Entry {
  PrincipalId principal;
  std::string kind;   // "tool.intent", "tool.outcome", "tool.denied", "approval.resolved", "policy.changed"…
  std::string actor;  // surface or component that caused it
  SessionId session;  // these may be empty
  TurnId turn;
  StepId step;
  std::string subject;  // the tool, the setting…
  json::object detail;  // decision, rule, hashes, outcome; never a secret
};

struct Row {
  std::int64_t index = 0;  // from 1, without gaps
  WallTime at;
  Entry entry;
  std::string hash;  // hex SHA-256
};

struct Verdict {
  std::int64_t rows = 0;
  std::optional<std::int64_t> first_bad_index;
  std::string reason;
};

class AuditLog {
 public:
  explicit AuditLog(const Clock& clock) : clock_(clock) {}
  [[nodiscard]] static db::ModuleMigrations migrations();
  // Inside a write job; returns the new index. When it fails, the act it records must not happen.
  [[nodiscard]] Result<std::int64_t> append(db::Transaction& transaction, const Entry& entry);
  // Inside a read job. Newest first.
  [[nodiscard]] static Result<std::vector<Row>> list(db::Connection& connection, const PrincipalId& principal,
                                                     std::int64_t before, std::int64_t limit);
  [[nodiscard]] static Result<Verdict> verify(db::Connection& connection);

 private:
  const Clock& clock_;
};

}  // namespace pryx::audit
