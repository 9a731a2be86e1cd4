// SPDX-License-Identifier: MIT
// What left the machine, a row for each request: who, where to, which peer, how it ended; never a path, a
// query, a header or a body. RequestLog is what the broker writes to; EgressLog keeps it in the table
// `egress_requests` and leaves an audit row for each end. I/O thread only.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "foundation/async/task.h"
#include "foundation/base/ids.h"
#include "foundation/db/database.h"
#include "trust/audit/audit_log.h"

namespace pryx::egress {

struct RequestRecord {
  std::int64_t number = 0;  // given by begin()
  PrincipalId principal;
  SessionId session;
  TurnId turn;
  StepId step;
  std::string tool;
  std::string method;  // "CONNECT" for a tunnel
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  std::string peer;   // empty until connected
  int status = 0;     // 0: no answer
  std::string state;  // "open", "done", "failed", "denied", "unknown" (the daemon died meanwhile)
  std::string reason;
  std::int64_t bytes_out = 0;
  std::int64_t bytes_in = 0;
  WallTime at;
  WallTime ended_at;
};

class RequestLog {
 public:
  virtual ~RequestLog() = default;
  // Durable when it returns, and only then anything is sent. A record that begins "denied" has ended, too.
  [[nodiscard]] virtual async::Task<Result<std::int64_t>> begin(RequestRecord record) = 0;
  [[nodiscard]] virtual async::Task<Result<void>> end(RequestRecord record) = 0;
};

class EgressLog final : public RequestLog {
 public:
  EgressLog(db::Database& database, audit::AuditLog& audit, const Clock& clock)
      : database_(database), audit_(audit), clock_(clock) {}
  [[nodiscard]] static db::ModuleMigrations migrations();
  // Told of each record in the very commit that ends it, for traces; an error of it undoes that commit.
  using Ended = std::function<Result<void>(db::Transaction&, const RequestRecord&)>;
  void on_end(Ended ended) { ended_ = std::move(ended); }
  // What was open when the daemon died becomes "unknown": with its audit row, and told like any other end.
  [[nodiscard]] async::Task<Result<void>> start();
  [[nodiscard]] async::Task<Result<std::int64_t>> begin(RequestRecord record) override;
  [[nodiscard]] async::Task<Result<void>> end(RequestRecord record) override;
  // Inside a read job. Newest first, below `before`.
  [[nodiscard]] static Result<std::vector<RequestRecord>> list(db::Connection& connection,
                                                               const PrincipalId& principal,
                                                               std::int64_t before, std::int64_t limit);
  // Drops what is older than 90 days; the audit log keeps its rows.
  [[nodiscard]] async::Task<Result<void>> purge();

 private:
  [[nodiscard]] Result<void> close(db::Transaction& t, const RequestRecord& record);

  db::Database& database_;
  audit::AuditLog& audit_;
  const Clock& clock_;
  Ended ended_;
};

}  // namespace pryx::egress
