// SPDX-License-Identifier: MIT
#include "engine/agent/outbox.h"

#include <set>

#include "engine/agent/session_store.h"
#include "foundation/base/log.h"

namespace pryx::agent {

namespace {
constexpr Duration kGather = std::chrono::milliseconds(20);
}  // namespace

Outbox::Outbox(async::EventLoop& loop, db::Database& database)
    : loop_(loop), database_(database), group_(loop, "outbox"), gather_(loop) {}

Result<void> Outbox::enqueue(db::Transaction& transaction, const OutboxRow& row) {
  return TurnStore::insert_outbox(transaction.db(), row);
}

void Outbox::acknowledge_version(const PrincipalId& principal, std::uint64_t version,
                                 const SessionId& session) {
  receipts_.push_back({principal, {}, version, session, loop_.clock().wall()});
  if (!std::exchange(flushing_, true)) group_.spawn("receipts", flush());
}

void Outbox::acknowledge_turn(const PrincipalId& principal, const TurnId& turn) {
  receipts_.push_back({principal, turn, 0, {}, loop_.clock().wall()});
  if (!std::exchange(flushing_, true)) group_.spawn("receipts", flush());
}

async::Task<void> Outbox::flush() {
  while (!receipts_.empty()) {
    if (!stopping_) (void)co_await gather_.wait_for(kGather);
    std::vector<Receipt> batch;
    batch.swap(receipts_);
    const WallTime now = loop_.clock().wall();
    const auto written = co_await database_.write([&](db::Transaction& t) -> Result<std::size_t> {
      std::set<std::pair<PrincipalId, SessionId>> read;
      for (const Receipt& receipt : batch) {
        if (receipt.turn.empty()) {
          PRYX_TRY(const auto sessions, TurnStore::deliver_up_to(t.db(), receipt.principal, receipt.version,
                                                                 receipt.session, now));
          for (const SessionId& session : sessions) read.emplace(receipt.principal, session);
        } else {
          PRYX_TRY(const auto session,
                   TurnStore::deliver_turn(t.db(), receipt.principal, receipt.turn, now, receipt.at));
          if (session) read.emplace(receipt.principal, *session);
        }
      }
      for (const auto& [principal, session] : read)
        PRYX_TRY_VOID(TurnStore::mark_read_if_delivered(t.db(), principal, session));
      return read.size();
    });
    // A lost receipt leaves the row pending: the session shows as unread, and the next receipt covers it.
    if (!written) log::warn("outbox.receipt_not_written", {{"error", written.error().message}});
  }
  flushing_ = false;
}

async::Task<void> Outbox::stop() {
  stopping_ = true;
  gather_.wake_all();
  co_await group_.wait_until_empty();
}

}  // namespace pryx::agent
