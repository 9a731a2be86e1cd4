// SPDX-License-Identifier: MIT
#include "surfaces/server/audit_head.h"

#include <algorithm>
#include <optional>

namespace pryx::server {

// What timers and the log's callback find alive, or not.
struct AuditHead::State : std::enable_shared_from_this<AuditHead::State> {
  State(async::EventLoop& given_loop, events::EventLog& given_events, PrincipalId given_reader)
      : loop(given_loop), events(given_events), reader(std::move(given_reader)) {}

  void grow(std::int64_t index) {
    size = std::max(size, index);
    if (!pause) tell();
  }
  void tell() {
    told = size;
    events.publish_ephemeral({.principal = reader,
                              .name = "audit.head",
                              .session = {},
                              .surface = {},
                              .payload = {{"size", size}}});
    pause = loop.call_after(kAuditHeadPause, [weak = weak_from_this()] {
      const auto alive = weak.lock();
      if (!alive) return;
      alive->pause.reset();
      if (alive->size != alive->told) alive->tell();
    });
  }

  async::EventLoop& loop;
  events::EventLog& events;
  PrincipalId reader;
  std::int64_t size = 0, told = 0;
  std::optional<async::EventLoop::TimerId> pause;
};

AuditHead::AuditHead(async::EventLoop& loop, events::EventLog& events, audit::AuditLog& log,
                     PrincipalId reader)
    : state_(std::make_shared<State>(loop, events, std::move(reader))) {
  log.on_growth([weak = std::weak_ptr(state_)](std::int64_t index) {
    if (const auto alive = weak.lock()) alive->grow(index);
  });
}

AuditHead::~AuditHead() {
  if (state_->pause) state_->loop.cancel_timer(*state_->pause);
}

}  // namespace pryx::server
