// SPDX-License-Identifier: MIT
#include "surfaces/server/routes/routes.h"
#include "surfaces/server/token_store.h"

namespace pryx::server::routes {
namespace {

// ["read","chat"] or "read,chat".
Result<Scopes> scopes_of(const json::object& body) {
  const json::value* scopes = json::find(body, "scopes");
  if (scopes != nullptr && scopes->is_array()) {
    Scopes set;
    for (const json::value& name : scopes->get_array()) {
      if (!name.is_string()) return fail(ErrorCode::kInvalidArgument, "scopes must be names");
      PRYX_TRY(const Scope scope, parse_scope(std::string_view(name.get_string())));
      set.add(scope);
    }
    return set;
  }
  PRYX_TRY(const std::string text, json::get_string(body, "scopes"));
  return Scopes::parse(text);
}

Result<NewToken> decode_token(const json::object& body, WallTime now) {
  NewToken wanted;
  PRYX_TRY(wanted.name, json::get_string(body, "name"));
  PRYX_TRY(wanted.scopes, scopes_of(body));
  PRYX_TRY(const auto expires_in, json::find_string(body, "expires_in"));
  PRYX_TRY(const auto expires_at, json::find_string(body, "expires_at"));
  if (expires_in && expires_at)
    return fail(ErrorCode::kInvalidArgument, "expires_in and expires_at exclude each other");
  if (expires_in) {
    PRYX_TRY(const Duration lifetime, parse_duration(*expires_in));
    wanted.expires_at = now + lifetime;
  }
  if (expires_at) {
    PRYX_TRY(wanted.expires_at, parse_rfc3339(*expires_at));
  }
  return wanted;
}

}  // namespace

async::Task<Result<Reply>> list_tokens(RouteCall& call) {
  json::array items;
  for (const Token& token : call.core.auth.tokens().list(call.principal())) items.push_back(token.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> create_token(RouteCall& call) {
  PRYX_CO_TRY(NewToken wanted, decode_token(call.body, call.services().loop.clock().wall()));
  PRYX_CO_TRY(auto made, co_await call.core.auth.tokens().create(call.caller(), std::move(wanted)));
  json::object body = made.first.to_json();
  body["token"] = made.second.reveal();  // the one time it is shown
  co_return Reply::of(body, 201);
}

async::Task<Result<Reply>> delete_token(RouteCall& call) {
  PRYX_CO_TRY(const TokenId id, path_id<TokenId>(call));
  PRYX_CO_TRY(const bool revoked, co_await call.core.auth.tokens().revoke(call.caller(), id));
  if (!revoked) co_return fail(ErrorCode::kNotFound, "there is no token {}", id.str());
  call.core.auth.end_all_with(id.str());
  co_return Reply::empty();
}

}  // namespace pryx::server::routes
