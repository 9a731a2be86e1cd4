// SPDX-License-Identifier: MIT
#include "foundation/base/text.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {

namespace {

Result<std::vector<std::string>> read_hosts(const json::value& given) {
  std::vector<std::string> out;
  if (!given.is_array()) return fail(ErrorCode::kInvalidArgument, "hosts must be a list of host names");
  for (const json::value& host : given.as_array()) {
    if (!host.is_string()) return fail(ErrorCode::kInvalidArgument, "hosts must be a list of host names");
    out.emplace_back(host.as_string());
  }
  return out;
}

}  // namespace

async::Task<Result<Reply>> list_secrets(RouteCall& call) {
  PRYX_CO_TRY(const auto found, co_await call.services().secrets.list(call.caller()));
  json::array items;
  for (const SecretEntry& secret : found) items.push_back(encode(secret));
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> get_secret(RouteCall& call) {
  PRYX_CO_TRY(const auto found, co_await call.services().secrets.list(call.caller()));
  for (const SecretEntry& secret : found) {
    if (secret.name == call.path_values.at(0)) co_return Reply::of(encode(secret));
  }
  co_return fail(ErrorCode::kNotFound, "there is no secret '{}'", utf8_prefix(call.path_values.at(0), 64));
}

async::Task<Result<Reply>> put_secret(RouteCall& call) {
  PRYX_CO_TRY(std::string value, json::get_string(call.body, "value"));
  if (value.empty())
    co_return fail(ErrorCode::kInvalidArgument, "value is empty; to remove a secret, delete it");
  Secret secret(std::move(value));
  std::optional<std::vector<std::string>> hosts;
  if (const json::value* given = json::find(call.body, "hosts"); given != nullptr && !given->is_null()) {
    PRYX_CO_TRY(hosts, read_hosts(*given));
  }
  PRYX_CO_TRY_VOID(co_await call.services().secrets.put(call.caller(), call.path_values.at(0),
                                                        std::move(secret), std::move(hosts)));
  co_return co_await get_secret(call);
}

async::Task<Result<Reply>> delete_secret(RouteCall& call) {
  PRYX_CO_TRY(const bool removed,
              co_await call.services().secrets.remove(call.caller(), call.path_values.at(0)));
  if (!removed)
    co_return fail(ErrorCode::kNotFound, "there is no secret '{}'", utf8_prefix(call.path_values.at(0), 64));
  co_return Reply::empty();
}

}  // namespace pryx::server::routes
