// SPDX-License-Identifier: MIT
// The one door out. A reply's row is written in the transaction that ends its turn; for pull targets a
// receipt marks it delivered: a bus client's acknowledgement of the event version, or an HTTP body whose
// terminal event was flushed. I/O thread only.
#pragma once
#include "engine/agent/turn_store.h"
#include "foundation/async/task_group.h"

namespace pryx::agent {

class Outbox {
 public:
  Outbox(async::EventLoop& loop, db::Database& database);
  // Inside the write job that ends the turn.
  [[nodiscard]] static Result<void> enqueue(db::Transaction& transaction, const OutboxRow& row);
  // Receipts return at once; rows are marked in the background, those of a few milliseconds together: a
  // commit for each would stand in the way of the next message's.
  void acknowledge_version(const PrincipalId& principal, std::uint64_t version, const SessionId& session);
  void acknowledge_turn(const PrincipalId& principal, const TurnId& turn);
  [[nodiscard]] async::Task<void> stop();  // writes what was received first

 private:
  [[nodiscard]] async::Task<void> flush();
  struct Receipt {
    PrincipalId principal;
    TurnId turn;  // empty: everything up to the version
    std::uint64_t version = 0;
    SessionId session;
    WallTime at;
  };
  async::EventLoop& loop_;
  db::Database& database_;
  async::TaskGroup group_;
  std::vector<Receipt> receipts_;
  async::WaitList gather_;
  bool flushing_ = false;
  bool stopping_ = false;
};

}  // namespace pryx::agent
