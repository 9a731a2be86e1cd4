// SPDX-License-Identifier: MIT
#include "surfaces/server/encode.h"
#include "surfaces/server/if_match.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

Reply file_reply(const ConfigStatus& status) {
  Reply reply = Reply::of(encode(status));
  add_etag(reply, status.file.hash);
  return reply;
}

}  // namespace

async::Task<Result<Reply>> get_settings(RouteCall& call) {
  PRYX_CO_TRY(const json::object settings, co_await call.services().config.get_settings(call.caller()));
  co_return Reply::of(settings);
}

async::Task<Result<Reply>> put_settings(RouteCall& call) {
  const json::value* settings = json::find(call.body, "settings");
  if (settings == nullptr || !settings->is_object())
    co_return fail(ErrorCode::kInvalidArgument, "settings must be an object of names and values");
  json::object changes = settings->get_object();
  PRYX_CO_TRY(const json::object after,
              co_await call.services().config.put_settings(call.caller(), std::move(changes)));
  co_return Reply::of(after);
}

async::Task<Result<Reply>> get_config(RouteCall& call) {
  PRYX_CO_TRY(const ConfigStatus status, co_await call.services().config.get_text(call.caller()));
  co_return file_reply(status);
}

async::Task<Result<Reply>> put_config(RouteCall& call) {
  PRYX_CO_TRY(std::string text, json::get_string(call.body, "text"));
  PRYX_CO_TRY(std::string hash, expected_hash(call));
  PRYX_CO_TRY(const ConfigStatus status,
              co_await call.services().config.put_text(call.caller(), std::move(text), std::move(hash)));
  co_return file_reply(status);
}

}  // namespace pryx::server::routes
