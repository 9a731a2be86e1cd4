// SPDX-License-Identifier: MIT
#include "engine/agent/inbox.h"

#include "engine/agent/dispatcher.h"
#include "engine/agent/session_store.h"
#include "engine/agent/turn_snapshot.h"
#include "engine/agent/turn_store.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "trust/trace/budgets.h"

namespace pryx::agent {
namespace {

constexpr std::size_t kMaxKeyBytes = 256;
constexpr std::int64_t kRetryAfterMs = 2000;

Result<void> check(const NewMessage& message) {
  if (message.text.size() > kMaxMessageBytes) {
    return fail(ErrorCode::kTooLarge,
                "the message has {} bytes, the limit is {}; put long text into a file of the workspace",
                message.text.size(), kMaxMessageBytes);
  }
  if (!is_valid_utf8(message.text))
    return fail(ErrorCode::kInvalidArgument, "the message is not valid UTF-8");
  if (message.messages.empty() && trim(message.text).empty())
    return fail(ErrorCode::kInvalidArgument, "the message is empty");
  for (const Message& given : message.messages) {
    for (const Part& part : given.parts) {
      if (part.text.size() > kMaxMessageBytes)
        return fail(ErrorCode::kTooLarge, "a part of the message has {} bytes, the limit is {}",
                    part.text.size(), kMaxMessageBytes);
    }
  }
  if (message.idempotency_key.size() > kMaxKeyBytes)
    return fail(ErrorCode::kInvalidArgument, "the idempotency key is longer than {} bytes", kMaxKeyBytes);
  return {};
}

std::string body_hash(const NewMessage& message) {
  json::object body{{"text", message.text},
                    {"model", message.model},
                    {"interactive", message.interactive},
                    {"approve", message.approve}};
  if (message.max_cost) body["max_cost"] = *message.max_cost;
  if (message.allow_unpriced) body["allow_unpriced"] = true;
  if (message.options.max_output_tokens != 0) body["max_output_tokens"] = message.options.max_output_tokens;
  json::array parts;
  for (const Message& given : message.messages) {
    for (const Part& part : given.parts) parts.push_back(part.to_record());
  }
  if (!parts.empty()) body["parts"] = std::move(parts);
  return crypto::hash_json("inbox-body/1", body);
}

std::string first_text(const NewMessage& message) {
  for (const Message& given : message.messages) {
    if (const std::string text = given.text(); !text.empty()) return text;
  }
  return message.text;
}

std::string title_from(std::string_view text) {
  const std::string_view line = trim(split(trim(text), '\n').front());
  std::string title(utf8_prefix(line, 80));
  if (title.size() < line.size()) title += "…";
  return title;
}

struct Prepared {
  Message message;
  std::vector<Message> more;  // of the same turn, behind it
  Turn turn;
  IdempotentAnswer answer;
  std::optional<trace::Budget> limit;
};

Prepared prepare(const Caller& caller, const NewMessage& in, IdSource& ids, WallTime now) {
  Prepared p;
  p.message = {.principal = caller.principal.id,
               .session = in.session,
               .id = ids.make<MessageId>(),
               .role = Role::kUser,
               .created_at = now};
  p.turn = {.principal = caller.principal.id,
            .id = ids.make<TurnId>(),
            .session = in.session,
            .priority = in.priority,
            .surface = caller.surface,
            .model = in.model,
            .message = p.message.id,
            .interactive = in.interactive,
            .approve = in.approve,
            .created_at = now};
  p.message.turn = p.turn.id;
  p.turn.options = in.options;
  for (const Message& given : in.messages) {
    Message next = p.message;
    next.role = given.role;
    next.parts = given.parts;
    if (&given == &in.messages.front()) {
      p.message = std::move(next);
      continue;
    }
    next.id = ids.make<MessageId>();
    next.parts = given.parts;
    p.more.push_back(std::move(next));
  }
  if (in.messages.empty()) {
    Part part;
    part.text = in.text;
    part.labels = in.labels;
    p.message.parts.push_back(std::move(part));
  }
  p.answer = {body_hash(in), p.message.id, p.turn.id};
  if (in.max_cost || in.allow_unpriced)
    p.limit = trace::Budget{.principal = caller.principal.id,
                            .scope = trace::BudgetScope::kTurn,
                            .subject = p.turn.id.str(),
                            .limit = in.max_cost,
                            .allow_unpriced = in.allow_unpriced};
  return p;
}

Result<void> write_message(db::Transaction& t, events::EventLog& events, Prepared& p,
                           const std::string& surface) {
  PRYX_TRY_VOID(SessionStore::insert_message(t.db(), p.message));
  for (Message& message : p.more) PRYX_TRY_VOID(SessionStore::insert_message(t.db(), message));
  PRYX_TRY_VOID(TurnStore::insert_turn(t.db(), p.turn));
  if (p.limit) PRYX_TRY_VOID(trace::Budgets::put(t.db(), *p.limit, p.turn.created_at));
  PRYX_TRY_VOID(events.append(t, {.principal = p.message.principal,
                                  .name = "message.created",
                                  .session = p.message.session,
                                  .surface = surface,
                                  .payload = {{"message_id", p.message.id.str()},
                                              {"turn_id", p.turn.id.str()},
                                              {"role", to_text(p.message.role)}}}));
  return {};
}

OpenTurn open_turn(const Turn& turn) { return {turn.principal, turn.session, turn.id, turn.priority}; }

void hand_over(db::Transaction& t, Dispatcher& dispatcher, OpenTurn turn,
               const std::shared_ptr<TurnAhead>& ahead) {
  if (ahead != nullptr) t.before_commit([ahead, turn](db::Connection& c) { ahead->read(c, turn); });
  t.after_commit([&dispatcher, turn, ahead] { dispatcher.enqueue(turn, ahead); });
}

}  // namespace

Inbox::Inbox(async::EventLoop& loop, db::Database& database, events::EventLog& events, IdSource& ids,
             Dispatcher& dispatcher)
    : loop_(loop), database_(database), events_(events), ids_(ids), dispatcher_(dispatcher) {}

async::Task<Result<Accepted>> Inbox::accept(Caller caller, NewMessage in) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  PRYX_CO_TRY_VOID(check(in));
  if (dispatcher_.queued() >= static_cast<std::size_t>(kMaxQueuedTurns)) {
    co_return fail(
        Error{ErrorCode::kOverloaded,
              fmt::format("{} turns are waiting already; try again in a moment", dispatcher_.queued()),
              kRetryAfterMs});
  }
  const WallTime now = loop_.clock().wall();
  Prepared p = prepare(caller, in, ids_, now);
  bool duplicate = false;
  const auto ahead = dispatcher_.look_ahead();
  const auto written = co_await database_.write([&, this](db::Transaction& t) -> Result<Accepted> {
    PRYX_TRY(auto session, SessionStore::find_session(t.db(), caller.principal.id, in.session));
    if (!session) return fail(ErrorCode::kNotFound, "there is no session {}", in.session.str());
    if (!in.idempotency_key.empty()) {
      PRYX_TRY(const auto known,
               TurnStore::find_key(t.db(), caller.principal.id, in.session, in.idempotency_key, now));
      if (known && known->body_hash != p.answer.body_hash) {
        return fail(ErrorCode::kConflict, "the idempotency key '{}' was used with another message",
                    utf8_prefix(in.idempotency_key, 64));
      }
      if (known) {
        duplicate = true;
        return Accepted{known->message, known->turn, in.session, true};
      }
      PRYX_TRY_VOID(
          TurnStore::insert_key(t.db(), caller.principal.id, in.session, in.idempotency_key, p.answer, now));
    }
    if (!in.only_after.empty()) {
      PRYX_TRY(const bool latest,
               TurnStore::is_latest(t.db(), caller.principal.id, in.session, in.only_after));
      if (!latest)
        return fail(ErrorCode::kConflict, "session {} went on after turn {}", in.session.str(),
                    in.only_after.str());
    }
    PRYX_TRY(const auto open, TurnStore::count_open(t.db(), caller.principal.id, in.session));
    if (open > kMaxQueuedPerSession) {
      return fail(Error{
          ErrorCode::kOverloaded,
          fmt::format("{} messages wait in this session already; wait for an answer or cancel one", open - 1),
          kRetryAfterMs});
    }
    if (session->title.empty()) {
      session->title = title_from(first_text(in));
      PRYX_TRY_VOID(SessionStore::update_session(t.db(), *session));
    }
    PRYX_TRY_VOID(write_message(t, events_, p, caller.surface));
    hand_over(t, dispatcher_, open_turn(p.turn), ahead);
    return Accepted{p.message.id, p.turn.id, in.session, false};
  });
  co_return written;
}

async::Task<Result<Accepted>> Inbox::accept_conversation(Caller caller, NewConversation in) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  PRYX_CO_TRY_VOID(check(in.message));
  if (dispatcher_.queued() >= static_cast<std::size_t>(kMaxQueuedTurns)) {
    co_return fail(
        Error{ErrorCode::kOverloaded, "too many turns are waiting; try again in a moment", kRetryAfterMs});
  }
  const WallTime now = loop_.clock().wall();
  // A caller that wants to follow the turn from its first event names the session itself and subscribes
  // before.
  if (in.message.session.empty()) in.message.session = ids_.make<SessionId>();
  Session session{.principal = caller.principal.id,
                  .id = in.message.session,
                  .agent = "default",
                  .model = in.model,
                  .title = title_from(first_text(in.message)),
                  .status = "active",
                  .hidden = true,
                  .surface = caller.surface,
                  .created_at = now};
  for (Message& message : in.history) {
    message.principal = caller.principal.id;
    message.session = session.id;
    message.id = ids_.make<MessageId>();
    message.created_at = now;
  }
  Prepared p = prepare(caller, in.message, ids_, now);
  const auto ahead = dispatcher_.look_ahead();
  co_return co_await database_.write([&, this](db::Transaction& t) -> Result<Accepted> {
    PRYX_TRY_VOID(SessionStore::insert_session(t.db(), session));
    for (Message& message : in.history) PRYX_TRY_VOID(SessionStore::insert_message(t.db(), message));
    PRYX_TRY_VOID(write_message(t, events_, p, caller.surface));
    hand_over(t, dispatcher_, open_turn(p.turn), ahead);
    return Accepted{p.message.id, p.turn.id, session.id, false};
  });
}

async::Task<Result<Accepted>> Inbox::accept_child(Caller caller, NewMessage in, Join join) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  PRYX_CO_TRY_VOID(check(in));
  if (dispatcher_.queued() >= static_cast<std::size_t>(kMaxQueuedTurns)) {
    co_return fail(
        Error{ErrorCode::kOverloaded, "too many turns are waiting; try again in a moment", kRetryAfterMs});
  }
  Prepared p = prepare(caller, in, ids_, loop_.clock().wall());
  const auto ahead = dispatcher_.look_ahead();
  co_return co_await database_.write([&, this](db::Transaction& t) -> Result<Accepted> {
    PRYX_TRY(const Session session, join(t.db(), p.turn));
    PRYX_TRY_VOID(SessionStore::insert_session(t.db(), session));
    PRYX_TRY_VOID(
        events_.append(t, {.principal = session.principal,
                           .name = "session.created",
                           .session = session.id,
                           .surface = caller.surface,
                           .payload = {{"session_id", session.id.str()}, {"session", session.to_json()}}}));
    PRYX_TRY_VOID(write_message(t, events_, p, caller.surface));
    hand_over(t, dispatcher_, open_turn(p.turn), ahead);
    return Accepted{p.message.id, p.turn.id, session.id, false};
  });
}

}  // namespace pryx::agent
