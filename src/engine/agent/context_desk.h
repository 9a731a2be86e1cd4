// SPDX-License-Identifier: MIT
// What surfaces ask about a session's context: how full it is, what a summary would stand for, taking the
// last one back, and pins. Summaries themselves are made by turns. Made where it is needed; I/O thread only.
#pragma once
#include "engine/agent/agent_profile.h"
#include "engine/agent/compaction.h"
#include "engine/agent/context_store.h"
#include "engine/models/model_router.h"
#include "foundation/async/event_loop.h"
#include "foundation/events/event_log.h"
#include "trust/principals/caller.h"

namespace pryx::agent {

// The room a model has, with what was learnt about it in this session.
struct ModelRoom {
  ContextBudget budget;
  bool is_known = false;  // false: a default, or what a provider called too long before
};
[[nodiscard]] ModelRoom room_of(const models::ModelRouter& models, const std::string& model,
                                const ContextState& state);

struct NewPin {
  std::string kind = "fact";
  std::string text;   // empty: that of the message
  MessageId message;  // empty: only the text
};

class ContextDesk {
 public:
  struct Parts {
    async::EventLoop& loop;
    db::Database& database;
    events::EventLog& events;
    IdSource& ids;
    const models::ModelRouter& models;
    std::string default_model;
    const ProfileSource* profiles = nullptr;  // null: the built-in agent alone
  };
  explicit ContextDesk(Parts parts) : parts_(std::move(parts)) {}

  [[nodiscard]] async::Task<Result<json::object>> report(Caller caller, SessionId session);
  // What POST /sessions/{id}/compact would do now; changes nothing.
  [[nodiscard]] async::Task<Result<json::object>> preview(Caller caller, SessionId session);
  // kConflict while a turn of the session is open, or when there is no summary.
  [[nodiscard]] async::Task<Result<Compaction>> undo(Caller caller, SessionId session);
  [[nodiscard]] async::Task<Result<Pin>> pin(Caller caller, SessionId session, NewPin wanted);
  [[nodiscard]] async::Task<Result<void>> unpin(Caller caller, SessionId session, PinId id);

 private:
  struct View;
  [[nodiscard]] std::string model_of(const Session& session) const;
  [[nodiscard]] async::Task<Result<View>> view(PrincipalId principal, SessionId session);
  Parts parts_;
};

}  // namespace pryx::agent
