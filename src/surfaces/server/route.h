// SPDX-License-Identifier: MIT
// What a route is: method, path, who may call it, which body fields it knows, and the coroutine that answers.
// A handler decodes, calls one service and encodes; everything that all routes share happens before and after
// it (server.cpp). I/O thread only.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/net/http_server.h"
#include "surfaces/server/auth.h"
#include "surfaces/server/server.h"

namespace pryx::server {

class Bus;

// What handlers may use. Owned by ApiServer.
struct ServerCore {
  Services& services;
  const ServerOptions& options;
  Auth& auth;
  Bus& bus;
  async::TaskGroup& background;       // what must go on when its request is over
  int replays = 0;                    // of the policy, that run at the moment
  bool is_asking_for_models = false;  // servers of this machine, in the background
  bool is_importing = false;          // a session; see ImportSlot
};

// One request on its way through a handler.
struct RouteCall {
  ServerCore& core;
  net::Exchange& exchange;
  const net::Request& request;
  Identity identity;
  std::string request_id;
  std::vector<std::string> path_values;  // of the {…} segments, in order
  json::object body;                     // {} when the route takes none

  [[nodiscard]] const Caller& caller() const { return identity.caller; }
  [[nodiscard]] const PrincipalId& principal() const { return identity.caller.principal.id; }
  [[nodiscard]] Services& services() const { return core.services; }
};

struct Reply {
  int status = 200;
  std::string body;
  net::Headers headers;
  std::string content_type = "application/json";
  bool is_sent = false;  // the handler used the exchange itself

  [[nodiscard]] static Reply of(const json::object& body, int status = 200) {
    return {.status = status, .body = json::to_text(body), .headers = {}};
  }
  [[nodiscard]] static Reply empty() { return {.status = 204, .body = {}, .headers = {}}; }
  [[nodiscard]] static Reply sent() { return {.body = {}, .headers = {}, .is_sent = true}; }
  [[nodiscard]] static Reply response(net::Response response);
};

using RouteHandler = async::Task<Result<Reply>> (*)(RouteCall& call);

struct BodyField {
  std::string_view name;
  bool exists =
      true;  // false: in the contract, but its feature is not there yet, so it is refused and never ignored
};

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/api/v1/sessions/{id}"
  AuthRule auth;
  RouteHandler handler;
  std::span<const BodyField> body = {};  // empty: no JSON body is read
  std::span<const std::string_view> query = {};
  // A route that takes every path this says yes to, as long as no other route has it.
  bool (*takes)(std::string_view path) = nullptr;
  // Where a body may be longer than net::ServerLimits says. The handler parses it itself and away from the
  // loop, which others wait for; 0: the usual limit, and RouteCall::body has it.
  std::size_t large_body_bytes = 0;
};

[[nodiscard]] std::span<const Route> route_table();

struct RouteMatch {
  const Route* route = nullptr;  // null: no such path, or not with this method
  std::vector<std::string> path_values;
  std::vector<std::string_view> allowed;  // methods of the path, HEAD included; empty: no such path
};
[[nodiscard]] RouteMatch find_route(std::span<const Route> routes, std::string_view method,
                                    std::string_view path);

// --- decoding that many handlers share
// --------------------------------------------------------------------------------------------------

// The n-th {…} of the path as an id; kNotFound when it is none, because then nothing has that name.
template <class IdType>
[[nodiscard]] Result<IdType> path_id(const RouteCall& call, std::size_t index = 0) {
  auto id = IdType::parse(call.path_values.at(index));
  if (!id)
    return fail(ErrorCode::kNotFound, "there is nothing with the id '{}'",
                call.path_values.at(index).substr(0, 64));
  return std::move(*id);
}
// limit (1 to 200, else kInvalidArgument) and cursor.
[[nodiscard]] Result<agent::Page> page_of(const RouteCall& call);
[[nodiscard]] Result<std::int64_t> limit_of(const RouteCall& call, std::int64_t fallback, std::int64_t most);
[[nodiscard]] Result<std::optional<WallTime>> time_of(const RouteCall& call, std::string_view name);
[[nodiscard]] std::string query_or(const RouteCall& call, std::string_view name);

[[nodiscard]] json::object list_body(json::array items, const std::string& next_cursor = {});

}  // namespace pryx::server
