// SPDX-License-Identifier: MIT
// Tells the bus how far the audit log has grown: "audit.head", ephemeral, at most one in kAuditHeadPause,
// however many entries are written. Owned by ApiServer; I/O thread only. The log may outlive it.
#pragma once
#include <memory>

#include "foundation/async/event_loop.h"
#include "foundation/events/event_log.h"
#include "trust/audit/audit_log.h"

namespace pryx::server {

constexpr Duration kAuditHeadPause = std::chrono::milliseconds(300);  // three a second

class AuditHead {
 public:
  AuditHead(async::EventLoop& loop, events::EventLog& events, audit::AuditLog& log, PrincipalId reader);
  ~AuditHead();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pryx::server
