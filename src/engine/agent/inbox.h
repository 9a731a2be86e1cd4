// SPDX-License-Identifier: MIT
// The one door in. accept() returns after the message, its turn and its idempotency key are committed
// together; only then may anybody be told that the message was accepted. I/O thread only.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "engine/agent/records.h"
#include "foundation/db/database.h"
#include "foundation/events/event_log.h"
#include "trust/principals/caller.h"

namespace pryx::agent {

class Dispatcher;

constexpr std::size_t kMaxMessageBytes = 1u << 20;

struct NewMessage {
  SessionId session;
  std::string text;
  // For those who bring more than one text: what the turn begins with, in order, at least one; `text` is
  // empty then. Ids, sessions and the turn are filled in.
  std::vector<Message> messages;
  std::string model;            // empty: the session's
  std::string idempotency_key;  // empty: none
  bool interactive = true;
  std::string approve;                   // --approve fragment, text
  std::optional<std::int64_t> max_cost;  // nano-USD, of the turn and all it starts
  bool allow_unpriced = false;           // a model without a price in spite of a budget
  Priority priority = Priority::kOwner;
  TurnOptions options;
  TurnId only_after;     // kConflict unless this is the session's latest turn; empty: any
  trust::Labels labels;  // of the text: where it came from
};

struct Accepted {
  MessageId message;
  TurnId turn;
  SessionId session;
  bool duplicate = false;  // the same key and body came before; nothing was written
};

// One request of a stateless front: a hidden session whose history is given whole.
struct NewConversation {
  std::string model;
  std::vector<Message> history;  // everything before the last user message; ids and sessions are filled in
  NewMessage message;            // message.session is filled in
};

class Inbox {
 public:
  Inbox(async::EventLoop& loop, db::Database& database, events::EventLog& events, IdSource& ids,
        Dispatcher& dispatcher);
  // kNotFound (session), kConflict (key with another body), kOverloaded with retry_after_ms (32 queued in the
  // session, 10,000 in all), kTooLarge, kInvalidArgument.
  [[nodiscard]] async::Task<Result<Accepted>> accept(Caller caller, NewMessage message);
  [[nodiscard]] async::Task<Result<Accepted>> accept_conversation(Caller caller,
                                                                  NewConversation conversation);
  // A session of its own with one message. `join` runs inside the write job: it writes what belongs to it,
  // may change the turn before it is stored, and gives the session, whose id is message.session.
  using Join = std::function<Result<Session>(db::Connection&, Turn&)>;
  [[nodiscard]] async::Task<Result<Accepted>> accept_child(Caller caller, NewMessage message, Join join);

 private:
  async::EventLoop& loop_;
  db::Database& database_;
  events::EventLog& events_;
  IdSource& ids_;
  Dispatcher& dispatcher_;
};

}  // namespace pryx::agent
