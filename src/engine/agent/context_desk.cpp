// SPDX-License-Identifier: MIT
#include "engine/agent/context_desk.h"

#include <algorithm>
#include <limits>

#include "engine/agent/context.h"
#include "engine/agent/session_store.h"
#include "engine/agent/turn_store.h"
#include "engine/models/image_tokens.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

constexpr std::int64_t kNoLimit = 100'000'000;  // the starter reads the last message only
constexpr std::size_t kExcerptBytes = 160;
constexpr std::string_view kPinKinds[] = {"rule", "fact", "obligation"};

Result<Session> must_find(db::Connection& c, const PrincipalId& principal, const SessionId& id) {
  PRYX_TRY(auto session, SessionStore::find_session(c, principal, id));
  if (!session) return fail(ErrorCode::kNotFound, "there is no session {}", id.str());
  return std::move(*session);
}

json::value excerpt(const Message& message) {
  std::string text;
  for (const Part& part : message.parts) text += part.text + " ";
  return json::object{{"id", message.id.str()},
                      {"role", to_text(message.role)},
                      {"text", utf8_prefix(trim(text), kExcerptBytes)}};
}

}  // namespace

struct ContextDesk::View {
  Session session;
  std::string model;
  std::vector<Message> history;
  HistoryRead read;
  std::int64_t goes_unread = 0;  // that a summary of now would stand for though nobody read it
  std::vector<Pin> pins;
  std::vector<Compaction> compactions;
  std::set<TurnId> open_turns;
  std::vector<ContextState> states;
  std::optional<ContextState> state;  // of the model
};

ModelRoom room_of(const models::ModelRouter& models, const std::string& model, const ContextState& state) {
  const models::ModelInfo info = models.describe(model);
  ModelRoom room;
  room.is_known = info.context_tokens > 0;
  room.budget.family = models.family_of(model);
  room.budget.images = &models::image_rule(room.budget.family, model);
  room.budget.factor = static_cast<double>(state.permille) / 1000;
  if (room.is_known)
    room.budget.limit = info.context_tokens;
  else if (info.provider == "starter")
    room.budget.limit = kNoLimit;
  else if (state.limit > 0)
    room.budget.limit = state.limit;
  return room;
}

std::string ContextDesk::model_of(const Session& session) const {
  if (!session.model.empty()) return session.model;
  const auto profile = parts_.profiles != nullptr ? parts_.profiles->find(session.agent) : nullptr;
  return profile == nullptr || profile->model.empty() ? parts_.default_model : profile->model;
}

async::Task<Result<ContextDesk::View>> ContextDesk::view(PrincipalId principal, SessionId id) {
  auto found = co_await parts_.database.read([&](db::Connection& c) -> Result<View> {
    View view;
    PRYX_TRY(view.session, must_find(c, principal, id));
    const Turn all{.principal = principal, .session = id, .seq = std::numeric_limits<std::int64_t>::max()};
    PRYX_TRY(view.history, SessionStore::load_history(c, all, kMaxHistoryBytes, &view.read));
    PRYX_TRY(view.goes_unread, ContextStore::count_unread(c, all, view.read.unread_to));
    PRYX_TRY(view.pins, ContextStore::list_pins(c, principal, id));
    PRYX_TRY(view.compactions, ContextStore::list_compactions(c, principal, id));
    PRYX_TRY(view.open_turns, ContextStore::open_turns(c, principal, id));
    PRYX_TRY(view.states, ContextStore::list_states(c, principal, id));
    return view;
  });
  if (!found) co_return found;
  // Profiles belong to the loop, and only here is known whose correction counts.
  found->model = model_of(found->session);
  const auto known = std::ranges::find(found->states, found->model, &ContextState::model);
  if (known != found->states.end()) found->state = *known;
  co_return found;
}

async::Task<Result<json::object>> ContextDesk::report(Caller caller, SessionId id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(const View view, co_await this->view(caller.principal.id, id));
  const ModelRoom room = room_of(parts_.models, view.model, view.state.value_or(ContextState{}));
  const std::int64_t conversation = conversation_tokens(view.history, room.budget);
  const std::int64_t used = std::max(conversation, view.state ? view.state->used : 0);
  json::array pins, compactions;
  for (const Pin& pin : view.pins) pins.push_back(pin.to_json());
  for (const Compaction& compaction : view.compactions) compactions.push_back(compaction.to_json());
  co_return json::object{{"session_id", id.str()},
                         {"model", view.model},
                         {"used_tokens", used},
                         {"conversation_tokens", conversation},
                         {"limit_tokens", room.budget.limit},
                         {"limit_known", room.is_known},
                         {"percent", used * 100 / room.budget.limit},
                         {"unread_messages", view.read.unread},
                         {"pins", std::move(pins)},
                         {"compactions", std::move(compactions)}};
}

async::Task<Result<json::object>> ContextDesk::preview(Caller caller, SessionId id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(const View view, co_await this->view(caller.principal.id, id));
  const ModelRoom room = room_of(parts_.models, view.model, view.state.value_or(ContextState{}));
  const Cover cover = choose_cover({.history = view.history,
                                    .open_turns = view.open_turns,
                                    .own_turn = {},
                                    .own_message = {},
                                    .budget = room.budget,
                                    .want = std::numeric_limits<std::int64_t>::max()});
  json::array kept(cover.kept.begin(), cover.kept.end());
  json::array pins;
  for (const Pin& pin : view.pins) pins.push_back(pin.to_json());
  json::value first = nullptr, last = nullptr;
  if (!cover.empty()) {
    first = excerpt(*cover.messages.front());
    last = excerpt(*cover.messages.back());
  }
  const std::int64_t before = conversation_tokens(view.history, room.budget);
  const std::int64_t unread = cover.empty() ? 0 : view.goes_unread;
  co_return json::object{{"session_id", id.str()},
                         {"model", view.model},
                         {"messages", cover.count + unread},
                         {"unread_messages", unread},
                         {"first", std::move(first)},
                         {"last", std::move(last)},
                         {"tokens_before", before},
                         {"tokens_to_summarise", cover.tokens},
                         {"labels", trust::joined(cover.labels, trust::Labels{"model"}).to_json()},
                         {"kept", std::move(kept)},
                         {"pins", std::move(pins)}};
}

async::Task<Result<Compaction>> ContextDesk::undo(Caller caller, SessionId id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  const WallTime at = parts_.loop.clock().wall();
  co_return co_await parts_.database.write([&, this](db::Transaction& t) -> Result<Compaction> {
    const PrincipalId& principal = caller.principal.id;
    PRYX_TRY(const Session session, must_find(t.db(), principal, id));
    PRYX_TRY(const auto open, TurnStore::count_open(t.db(), principal, id));
    if (open > 0)
      return fail(ErrorCode::kConflict, "session {} has {} open turns; wait for them or cancel them first",
                  id.str(), open);
    PRYX_TRY(const auto undone, ContextStore::uncover(t.db(), principal, id, at));
    if (!undone) return fail(ErrorCode::kConflict, "session {} has no summary to take back", id.str());
    PRYX_TRY_VOID(parts_.events.append(t, {.principal = principal,
                                           .name = "context.restored",
                                           .session = id,
                                           .surface = caller.surface,
                                           .payload = {{"session_id", id.str()},
                                                       {"message_id", undone->message.str()},
                                                       {"restored", undone->covered}}}));
    return *undone;
  });
}

async::Task<Result<Pin>> ContextDesk::pin(Caller caller, SessionId id, NewPin wanted) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  if (std::ranges::find(kPinKinds, std::string_view(wanted.kind)) == std::end(kPinKinds))
    co_return fail(ErrorCode::kInvalidArgument, "kind must be rule, fact or obligation");
  if (!is_valid_utf8(wanted.text)) co_return fail(ErrorCode::kInvalidArgument, "the text is not valid UTF-8");
  Pin pin{.principal = caller.principal.id,
          .session = id,
          .id = parts_.ids.make<PinId>(),
          .kind = wanted.kind,
          .text = std::string(trim(wanted.text)),
          .message = wanted.message,
          .labels = trust::Labels{"owner"},
          .created_at = parts_.loop.clock().wall()};
  co_return co_await parts_.database.write([&](db::Transaction& t) -> Result<Pin> {
    PRYX_TRY(const Session session, must_find(t.db(), pin.principal, id));
    if (!pin.message.empty()) {
      PRYX_TRY(const auto message, SessionStore::find_message(t.db(), pin.principal, id, pin.message));
      if (!message)
        return fail(ErrorCode::kNotFound, "session {} has no message {}", id.str(), pin.message.str());
      // What is quoted brings its labels; the owner's own words about it do not.
      if (pin.text.empty()) {
        pin.text = trim(message->text());
        pin.labels = {};
        for (const Part& part : message->parts) pin.labels.join(part.labels);
      }
    }
    if (pin.text.empty())
      return fail(ErrorCode::kInvalidArgument, "a pin needs a text, or a message that has one");
    if (pin.text.size() > kMaxPinBytes)
      return fail(ErrorCode::kTooLarge, "a pin has at most {} bytes; this one has {}", kMaxPinBytes,
                  pin.text.size());
    PRYX_TRY_VOID(ContextStore::insert_pin(t.db(), pin));
    return pin;
  });
}

async::Task<Result<void>> ContextDesk::unpin(Caller caller, SessionId id, PinId pin) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  co_return co_await parts_.database.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY(const bool found, ContextStore::delete_pin(t.db(), caller.principal.id, id, pin));
    if (!found) return fail(ErrorCode::kNotFound, "session {} has no pin {}", id.str(), pin.str());
    return {};
  });
}

}  // namespace pryx::agent
