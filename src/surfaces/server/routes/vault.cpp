// SPDX-License-Identifier: MIT
// The lock of the vault: /vault, lock, unlock, passphrase.
#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

Reply describe(RouteCall& call) {
  return Reply::of(encode(call.services().secrets.vault_status(call.caller())));
}

// Takes the text out of the parsed body, so that no copy of it stays there.
Result<std::optional<Secret>> take_secret(json::object& body, std::string_view field) {
  PRYX_TRY(auto text, json::find_string(body, field));
  if (!text) return std::nullopt;
  Secret secret(*text);
  wipe(*text);
  json::value& stored = body[field];
  if (stored.is_string()) std::ranges::fill(stored.get_string(), '\0');
  return std::optional(std::move(secret));
}

}  // namespace

async::Task<Result<Reply>> get_vault(RouteCall& call) { co_return describe(call); }

async::Task<Result<Reply>> lock_vault(RouteCall& call) {
  PRYX_CO_TRY_VOID(co_await call.services().secrets.lock(call.caller()));
  co_return describe(call);
}

async::Task<Result<Reply>> unlock_vault(RouteCall& call) {
  PRYX_CO_TRY(auto passphrase, take_secret(call.body, "passphrase"));
  if (!passphrase) co_return fail(ErrorCode::kInvalidArgument, "passphrase is missing");
  PRYX_CO_TRY_VOID(co_await call.services().secrets.unlock(call.caller(), std::move(*passphrase)));
  co_return describe(call);
}

async::Task<Result<Reply>> put_vault_passphrase(RouteCall& call) {
  const json::value* field = call.body.if_contains("passphrase");
  if (field == nullptr)
    co_return fail(ErrorCode::kInvalidArgument, "passphrase is missing; null removes the present one");
  std::optional<Secret> passphrase;
  if (!field->is_null()) {
    PRYX_CO_TRY(passphrase, take_secret(call.body, "passphrase"));
  }
  PRYX_CO_TRY(auto current, take_secret(call.body, "current"));
  PRYX_CO_TRY_VOID(co_await call.services().secrets.change_passphrase(call.caller(), std::move(current),
                                                                      std::move(passphrase)));
  co_return describe(call);
}

}  // namespace pryx::server::routes
