// SPDX-License-Identifier: MIT
#include <charconv>

#include "engine/agent/session_store.h"
#include "engine/agent/turn_store.h"
#include "foundation/base/text.h"
#include "surfaces/server/front/front_run.h"

namespace pryx::server {
namespace {

using agent::Role;

std::unexpected<FrontRefusal> refused(Error error, std::string param, std::string code) {
  return std::unexpected(FrontRefusal{std::move(error), std::move(param), std::move(code)});
}

std::optional<FrontRefusal> check_rights(const RouteCall& call, const FrontRequest& request) {
  if (!request.model.empty()) {
    const auto known = call.services().models.resolve(request.model);
    if (!known) {
      return FrontRefusal{{ErrorCode::kNotFound, known.error().message, -1}, "model", "model_not_found"};
    }
  }
  if (request.options.own_tools != agent::TurnOptions::OwnTools::kOn) return std::nullopt;
  if (const auto may = call.caller().require(Scope::kTools); !may)
    return FrontRefusal{may.error(), "pryx.tools", "insufficient_scope"};
  for (const models::ToolSpec& tool : request.options.client_tools) {
    if (call.services().gate.registry().find(tool.name) == nullptr) continue;
    return FrontRefusal{{ErrorCode::kInvalidArgument,
                         fmt::format("'{}' is a tool of Pryx's own; give yours another name", tool.name), -1},
                        "tools",
                        "invalid_value"};
  }
  return std::nullopt;
}

// A part refers to its bytes by their place in the request until they are kept.
async::Task<Result<void>> store_blobs(RouteCall& call, FrontRequest& request) {
  constexpr std::string_view kMark = "blob:";
  for (agent::Message& message : request.messages) {
    for (agent::Part& part : message.parts) {
      if (!part.result_ref.starts_with(kMark)) continue;
      std::size_t index = 0;
      const char* end = part.result_ref.data() + part.result_ref.size();
      (void)std::from_chars(part.result_ref.data() + kMark.size(), end, index);
      std::string bytes = std::move(request.blobs.at(index));
      PRYX_CO_TRY(part.result_ref, co_await call.services().turns.results().put(std::move(bytes)));
    }
  }
  co_return Result<void>{};
}

// Where the turn begins in the request's messages; what stands before it is history.
std::size_t first_of_turn(const FrontRequest& request) {
  // An earlier answer is gone on with: all of it is what follows.
  if (!request.previous.empty()) return 0;
  std::size_t first = request.messages.size() - 1;
  const auto role_before = [&] { return request.messages[first - 1].role; };
  // A session has its own history: what the assistant has not answered yet is what it does not know.
  while (!request.session.empty() && first > 0 && role_before() != Role::kAssistant) --first;
  // Results of tools belong to the question that comes with them.
  while (request.session.empty() && first > 0 && role_before() == Role::kTool) --first;
  return first;
}

void split(FrontRequest& request, std::vector<agent::Message>& history) {
  const std::size_t first = first_of_turn(request);
  const auto at = request.messages.begin() + static_cast<std::ptrdiff_t>(first);
  history.assign(std::make_move_iterator(request.messages.begin()), std::make_move_iterator(at));
  request.messages.erase(request.messages.begin(), at);
}

// Stands in the copy for what it lacks, as a summary that nobody wrote: whoever reads it, counts it.
agent::Message gap_of(std::int64_t messages) {
  agent::Part part{.type = "summary"};
  part.text = fmt::format(
      "[{} earlier messages are left out: the conversation is longer than what is read at once. The one that "
      "this one goes on from has all of them.]",
      messages);
  part.count = messages;
  part.dropped = true;
  agent::Message gap;
  gap.role = Role::kAssistant;
  gap.parts.push_back(std::move(part));
  return gap;
}

struct Earlier {
  agent::Turn turn;
  std::vector<agent::Message> history;
};

Result<std::optional<Earlier>> read_earlier(db::Connection& c, const PrincipalId& principal,
                                            const TurnId& id) {
  PRYX_TRY(auto turn, agent::TurnStore::find_turn(c, principal, id));
  if (!turn) return std::optional<Earlier>();
  agent::HistoryRead read;
  PRYX_TRY(auto history, agent::SessionStore::load_history(c, *turn, agent::kMaxHistoryBytes, &read));
  if (read.unread > 0) history.insert(history.begin(), gap_of(read.unread));
  return std::optional(Earlier{std::move(*turn), std::move(history)});
}

bool is_kept(const agent::Turn& turn) {
  const json::value* store = json::find(turn.options.front, "store");
  return turn.state == agent::TurnState::kCompleted && store != nullptr && store->is_bool() &&
         store->get_bool();
}

// The earlier answer's session goes on when that answer is the last thing in it; otherwise a new one begins
// with a copy of what came before.
async::Task<Decoded<void>> go_on(RouteCall& call, PreparedFront& prepared) {
  const TurnId previous = prepared.request.previous;
  auto read =
      co_await call.services().database.read([principal = call.principal(), previous](db::Connection& c) {
        return read_earlier(c, principal, previous);
      });
  if (!read) co_return refused(read.error(), "previous_response_id", {});
  if (!*read || !is_kept((*read)->turn)) {
    co_return refused(
        {ErrorCode::kNotFound, "there is no finished response with this id that was stored", -1},
        "previous_response_id", "previous_response_not_found");
  }
  Earlier& earlier = **read;
  for (agent::Message& message : earlier.history) {
    message.turn = {};
    message.step = {};
  }
  std::vector<agent::Message> history = std::move(earlier.history);
  std::ranges::move(prepared.history, std::back_inserter(history));
  prepared.history = std::move(history);
  prepared.request.session = earlier.turn.session;
  prepared.after = previous;
  co_return Decoded<void>{};
}

}  // namespace

async::Task<Decoded<PreparedFront>> prepare_front(RouteCall& call, FrontRequest request) {
  if (auto refusal = check_rights(call, request)) co_return std::unexpected(std::move(*refusal));
  const auto stored = co_await store_blobs(call, request);
  if (!stored) co_return refused(stored.error(), {}, {});
  PreparedFront prepared{.request = std::move(request), .history = {}, .after = {}};
  split(prepared.request, prepared.history);
  if (prepared.request.previous.empty()) co_return prepared;
  auto gone_on = co_await go_on(call, prepared);
  if (!gone_on) co_return std::unexpected(std::move(gone_on.error()));
  co_return prepared;
}

}  // namespace pryx::server
