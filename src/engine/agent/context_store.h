// SPDX-License-Identifier: MIT
// What is kept about a session's context: which summaries stand for which messages, what a person pinned, and
// how much more than the estimate each model counts. Static functions for composing transactions.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/agent/records.h"
#include "foundation/db/database.h"

namespace pryx::agent {

struct PinTag {
  static constexpr std::string_view kPrefix = "pin_";
};
using PinId = Id<PinTag>;

constexpr std::size_t kMaxPins = 64;
constexpr std::size_t kMaxPinBytes = 2'000;

// A line that is in every prompt of its session, whatever is summarised.
struct Pin {
  PrincipalId principal;
  SessionId session;
  PinId id;
  std::string kind;  // "rule", "fact", "obligation"
  std::string text;
  MessageId message;  // where it was said; empty: given as text
  trust::Labels labels;
  WallTime created_at;
  [[nodiscard]] json::object to_json() const;
};

struct Compaction {
  PrincipalId principal;
  SessionId session;
  std::int64_t seq = 0;
  MessageId message;  // the summary
  TurnId turn;
  std::int64_t covered = 0;  // messages, with those that a covered summary stood for
  std::int64_t tokens_before = 0;
  std::int64_t tokens_after = 0;
  bool dropped = false;
  WallTime created_at;
  std::optional<WallTime> undone_at;
  [[nodiscard]] json::object to_json() const;
};

// How full the context was at the last call of a model: `used` is its input.
struct ContextState {
  std::string model;
  std::int64_t permille = 1000;  // tokens the model counted for a thousand estimated ones
  std::int64_t used = 0;
  std::int64_t limit = 0;
  WallTime updated_at;
};

struct ContextStore {
  // The messages stay; from here on the prompt has `summary` in their place. `summary` is inserted, too.
  [[nodiscard]] static Result<void> cover(db::Connection& c, Message& summary, Compaction compaction);
  // What a summary that `turn` makes stands for beyond what the turn read: the messages at `unread_to` and
  // before it, but for what choose_cover() never takes.
  [[nodiscard]] static Result<std::int64_t> count_unread(db::Connection& c, const Turn& turn,
                                                         std::int64_t unread_to);
  // Puts them under the summary and says how many they are.
  [[nodiscard]] static Result<std::int64_t> cover_unread(db::Connection& c, const Turn& turn,
                                                         std::int64_t unread_to, const MessageId& summary);
  // The newest that still stands; its messages come back and the summary goes. nullopt: there is none.
  [[nodiscard]] static Result<std::optional<Compaction>> uncover(db::Connection& c,
                                                                 const PrincipalId& principal,
                                                                 const SessionId& session, WallTime at);
  [[nodiscard]] static Result<std::vector<Compaction>> list_compactions(db::Connection& c,
                                                                        const PrincipalId& principal,
                                                                        const SessionId& session);
  // Points the copies of a fork at the copies of their summaries; `copies` maps old ids to new ones.
  [[nodiscard]] static Result<void> copy(db::Connection& c, const Session& from, const Session& to,
                                         const std::map<MessageId, MessageId>& copies);

  [[nodiscard]] static Result<std::set<TurnId>> open_turns(db::Connection& c, const PrincipalId& principal,
                                                           const SessionId& session);

  // kConflict when there are kMaxPins.
  [[nodiscard]] static Result<void> insert_pin(db::Connection& c, const Pin& pin);
  [[nodiscard]] static Result<bool> delete_pin(db::Connection& c, const PrincipalId& principal,
                                               const SessionId& session, const PinId& id);
  [[nodiscard]] static Result<std::vector<Pin>> list_pins(db::Connection& c, const PrincipalId& principal,
                                                          const SessionId& session);

  [[nodiscard]] static Result<void> save_state(db::Connection& c, const PrincipalId& principal,
                                               const SessionId& session, const ContextState& state);
  // nullopt: this model has not answered in this session yet.
  [[nodiscard]] static Result<std::optional<ContextState>> find_state(db::Connection& c,
                                                                      const PrincipalId& principal,
                                                                      const SessionId& session,
                                                                      std::string_view model);
  [[nodiscard]] static Result<std::vector<ContextState>> list_states(db::Connection& c,
                                                                     const PrincipalId& principal,
                                                                     const SessionId& session);
  [[nodiscard]] static Result<std::optional<ContextState>> newest_state(db::Connection& c,
                                                                        const PrincipalId& principal,
                                                                        const SessionId& session);
};

// What the model counted against what was estimated, folded into what was known. Bounded, so that one odd
// answer of a provider cannot make the limit meaningless.
[[nodiscard]] std::int64_t corrected_permille(std::int64_t permille, std::int64_t estimated,
                                              std::int64_t counted);

}  // namespace pryx::agent
