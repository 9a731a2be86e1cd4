// SPDX-License-Identifier: MIT
// /v1: other vendors' APIs in front of Pryx. What they have in common is in front/.
#include <algorithm>

#include "engine/agent/turn_store.h"
#include "foundation/base/text.h"
#include "surfaces/server/front/front_run.h"
#include "surfaces/server/front/messages_codec.h"
#include "surfaces/server/front/responses_writer.h"
#include "surfaces/server/front/stored_response.h"
#include "surfaces/server/front/token_count.h"
#include "surfaces/server/model_list.h"
#include "surfaces/server/problem.h"
#include "surfaces/server/routes/routes.h"
#include "surfaces/server/session_actions.h"

namespace pryx::server::routes {
namespace {

// What is spoken here is the same in both; a client that names another version expects another wire.
constexpr std::string_view kAnthropicVersions[] = {"2023-06-01", "2026-10-21"};

std::optional<Reply> check_version(const RouteCall& call) {
  const auto version = call.request.headers.find("anthropic-version");
  if (!version || std::ranges::find(kAnthropicVersions, *version) != std::end(kAnthropicVersions))
    return std::nullopt;
  const FrontRefusal refusal{{ErrorCode::kInvalidArgument,
                              fmt::format("only anthropic-version {} and {} are spoken here",
                                          kAnthropicVersions[0], kAnthropicVersions[1]),
                              -1},
                             {},
                             {}};
  return Reply::response(anthropic_refusal(refusal, call.request_id));
}

}  // namespace

async::Task<Result<Reply>> list_openai_models(RouteCall& call) {
  const std::vector<ProviderModels> found = co_await fetch_models(call.services(), {});
  json::array data;
  for (const ProviderModels& slot : found) {
    if (!slot.models) continue;
    for (const models::ModelInfo& model : *slot.models) {
      data.push_back(json::object{
          {"id", model.full_name()}, {"object", "model"}, {"created", 0}, {"owned_by", model.provider}});
    }
  }
  co_return Reply::of({{"object", "list"}, {"data", std::move(data)}});
}

async::Task<Result<Reply>> complete_chat(RouteCall& call) {
  co_return co_await run_front(call, make_chat_codec());
}

async::Task<Result<Reply>> create_response(RouteCall& call) {
  co_return co_await run_front(call, make_responses_codec());
}

namespace {

Reply no_response(const RouteCall& call) {
  return Reply::response(openai_error_response(
      {ErrorCode::kNotFound,
       fmt::format("there is no response '{}' that was stored", utf8_prefix(call.path_values.at(0), 64)), -1},
      call.request_id, "response_id", "not_found"));
}

async::Task<Result<std::optional<StoredResponse>>> find_response(RouteCall& call) {
  const auto turn = turn_of_response(call.path_values.at(0));
  if (!turn) co_return std::optional<StoredResponse>();
  const std::int64_t now = call.services().trace.now_ns();
  co_return co_await call.services().database.read(
      [principal = call.principal(), turn, now](db::Connection& c) {
        return read_response(c, principal, *turn, now);
      });
}

}  // namespace

async::Task<Result<Reply>> get_response(RouteCall& call) {
  PRYX_CO_TRY(auto found, co_await find_response(call));
  if (!found) co_return no_response(call);
  co_return Reply::of(found->body);
}

// It can neither be read nor gone on with any more; the record of what was done stays.
async::Task<Result<Reply>> delete_response(RouteCall& call) {
  PRYX_CO_TRY(const auto found, co_await find_response(call));
  if (!found) co_return no_response(call);
  if (!agent::is_terminal(found->turn.state))
    co_return Reply::response(openai_error_response(
        {ErrorCode::kConflict, "this response is not over yet; cancel its turn first", -1}, call.request_id));
  if (found->is_alone) {
    PRYX_CO_TRY_VOID(co_await server::delete_session(call.services(), call.caller(), found->turn.session));
  } else {
    agent::Turn turn = found->turn;
    turn.options.front["store"] = false;
    turn.options.front.erase("echo");
    PRYX_CO_TRY_VOID(co_await call.services().database.write(
        [&](db::Transaction& t) { return agent::TurnStore::save_options(t.db(), turn); }));
  }
  co_return Reply::of({{"id", call.path_values.at(0)}, {"object", "response"}, {"deleted", true}});
}

async::Task<Result<Reply>> create_message(RouteCall& call) {
  if (auto refused = check_version(call)) co_return std::move(*refused);
  co_return co_await run_front(call, make_messages_codec());
}

async::Task<Result<Reply>> count_message_tokens(RouteCall& call) {
  if (auto refused = check_version(call)) co_return std::move(*refused);
  auto decoded = decode_count_request(call.body, call.principal());
  if (!decoded) co_return Reply::response(anthropic_refusal(decoded.error(), call.request_id));
  if (!decoded->model.empty()) {
    const auto known = call.services().models.resolve(decoded->model);
    if (!known) {
      co_return Reply::response(anthropic_refusal(
          {{ErrorCode::kNotFound, known.error().message, -1}, "model", "model_not_found"}, call.request_id));
    }
  }
  const std::string model = decoded->model.empty() ? call.services().turns.default_model() : decoded->model;
  const auto family = call.services().models.family_of(model);
  const std::int64_t tokens = count_tokens(*decoded, family, models::image_rule(family, model));
  co_return Reply::of({{"input_tokens", tokens}});
}

}  // namespace pryx::server::routes
