// SPDX-License-Identifier: MIT
#include <algorithm>

#include "engine/agent/turn_list.h"
#include "engine/agent/turn_store.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"
#include "surfaces/server/turn_wait.h"

namespace pryx::server::routes {
namespace {

using ResumeChoice = agent::TurnEngine::ResumeChoice;

Result<ResumeChoice> parse_choice(std::string_view text) {
  if (text == "retry") return ResumeChoice::kRetry;
  if (text == "treat_as_done") return ResumeChoice::kTreatAsDone;
  if (text == "abandon") return ResumeChoice::kAbandon;
  return fail(ErrorCode::kInvalidArgument, "resolution must be retry, treat_as_done or abandon");
}

struct TurnRows {
  agent::Turn turn;
  std::vector<agent::Step> steps;
};

Result<TurnRows> read_turn(db::Connection& c, const PrincipalId& principal, const TurnId& id) {
  PRYX_TRY(auto turn, agent::TurnStore::find_turn(c, principal, id));
  if (!turn) return fail(ErrorCode::kNotFound, "there is no turn {}", id.str());
  PRYX_TRY(auto steps, agent::TurnStore::list_steps(c, principal, id));
  return TurnRows{std::move(*turn), std::move(steps)};
}

Result<agent::TurnQuery> query_of(const RouteCall& call) {
  agent::TurnQuery query;
  if (const std::string states = query_or(call, "state"); !states.empty()) {
    PRYX_TRY(query.states, agent::turn_states_from_list(states));
  }
  if (const std::string session = query_or(call, "session"); !session.empty()) {
    auto id = SessionId::parse(session);
    if (!id) return fail(ErrorCode::kInvalidArgument, "session must be the id of a session, ses_…");
    query.session = std::move(*id);
  }
  PRYX_TRY(query.after, time_of(call, "after"));
  PRYX_TRY(query.before, time_of(call, "before"));
  PRYX_TRY(query.page, page_of(call));
  return query;
}

async::Task<Result<Reply>> turn_reply(RouteCall& call, TurnId id) {
  PRYX_CO_TRY(const TurnRows rows,
              co_await call.services().database.read([principal = call.principal(), id](db::Connection& c) {
                return read_turn(c, principal, id);
              }));
  co_return Reply::of(encode_turn(rows.turn, rows.steps, call.services().turns.partial_text(id)));
}

}  // namespace

async::Task<Result<Reply>> list_turns(RouteCall& call) {
  PRYX_CO_TRY(const agent::TurnQuery query, query_of(call));
  PRYX_CO_TRY(const auto page, co_await call.services().database.read(
                                   [principal = call.principal(), &query](db::Connection& c) {
                                     return agent::TurnList::read(c, principal, query);
                                   }));
  json::array items;
  for (const agent::ListedTurn& listed : page.items) items.push_back(encode(listed));
  co_return Reply::of(list_body(std::move(items), page.next_cursor));
}

async::Task<Result<Reply>> get_turn(RouteCall& call) {
  PRYX_CO_TRY(const TurnId id, path_id<TurnId>(call));
  PRYX_CO_TRY(const Duration wait, wait_of(call));
  PRYX_CO_TRY_VOID(co_await wait_for_turn(call, id, wait));
  co_return co_await turn_reply(call, id);
}

async::Task<Result<Reply>> get_step_result(RouteCall& call) {
  PRYX_CO_TRY(const TurnId turn, path_id<TurnId>(call));
  PRYX_CO_TRY(const StepId id, path_id<StepId>(call, 1));
  PRYX_CO_TRY(const TurnRows rows,
              co_await call.services().database.read([principal = call.principal(), turn](db::Connection& c) {
                return read_turn(c, principal, turn);
              }));
  const auto step = std::ranges::find(rows.steps, id, &agent::Step::id);
  if (step == rows.steps.end())
    co_return fail(ErrorCode::kNotFound, "turn {} has no step {}", turn.str(), id.str());
  if (step->result_ref.empty())
    co_return fail(ErrorCode::kNotFound, "step {} keeps no result: what it gave stands in the transcript",
                   id.str());
  PRYX_CO_TRY(std::string bytes, co_await call.services().turns.results().get(step->result_ref));
  Reply reply{
      .status = 200, .body = std::move(bytes), .headers = {}, .content_type = "text/plain; charset=utf-8"};
  // What programs and strangers wrote: a text to save, never a document of our origin.
  reply.headers.add("X-Content-Type-Options", "nosniff");
  reply.headers.add("Content-Security-Policy", "default-src 'none'; sandbox");
  reply.headers.add("Cross-Origin-Resource-Policy", "same-origin");
  reply.headers.add("Content-Disposition", fmt::format("attachment; filename=\"{}.txt\"", id.str()));
  reply.headers.add("Cache-Control", "private, no-store");
  co_return reply;
}

async::Task<Result<Reply>> cancel_turn(RouteCall& call) {
  PRYX_CO_TRY(const TurnId id, path_id<TurnId>(call));
  PRYX_CO_TRY_VOID(co_await call.services().turns.cancel(call.caller(), id));
  co_return co_await turn_reply(call, id);
}

async::Task<Result<Reply>> resume_turn(RouteCall& call) {
  PRYX_CO_TRY(const TurnId id, path_id<TurnId>(call));
  PRYX_CO_TRY(const std::string step_text, json::get_string(call.body, "step_id"));
  PRYX_CO_TRY(StepId step, StepId::parse(step_text));
  PRYX_CO_TRY(const std::string resolution, json::get_string(call.body, "resolution"));
  PRYX_CO_TRY(const ResumeChoice choice, parse_choice(resolution));
  PRYX_CO_TRY(const auto result, json::find_string(call.body, "result"));
  PRYX_CO_TRY_VOID(
      co_await call.services().turns.resume(call.caller(), id, std::move(step), choice, result.value_or("")));
  co_return co_await turn_reply(call, id);
}

async::Task<Result<Reply>> undo_turn(RouteCall& call) {
  PRYX_CO_TRY(const TurnId id, path_id<TurnId>(call));
  PRYX_CO_TRY(const auto dry_run, json::find_bool(call.body, "dry_run"));
  PRYX_CO_TRY(const auto force, json::find_bool(call.body, "force"));
  const agent::UndoOptions options{.dry_run = dry_run.value_or(false),
                                   .force = force.value_or(false) ? tools::Force::kYes : tools::Force::kNo};
  PRYX_CO_TRY(const agent::UndoReport report, co_await call.services().undo.undo(call.caller(), id, options));
  co_return Reply::of(report.to_json());
}

}  // namespace pryx::server::routes
