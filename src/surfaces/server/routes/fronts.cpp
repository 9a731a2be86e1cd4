// SPDX-License-Identifier: MIT
// /v1: other vendors' APIs in front of Pryx. What they have in common is in front/.
#include <algorithm>

#include "surfaces/server/front/front_run.h"
#include "surfaces/server/front/messages_codec.h"
#include "surfaces/server/front/token_count.h"
#include "surfaces/server/model_list.h"
#include "surfaces/server/routes/routes.h"

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
  co_return Reply::of({{"input_tokens", count_tokens(*decoded)}});
}

}  // namespace pryx::server::routes
