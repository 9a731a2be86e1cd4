// SPDX-License-Identifier: MIT
#include "surfaces/server/server.h"
#include "surfaces/server/browser_session_store.h"

#include "foundation/base/log.h"
#include "foundation/base/text.h"
#include "surfaces/server/audit_head.h"
#include "surfaces/server/bus.h"
#include "surfaces/server/problem.h"
#include "surfaces/server/refusal_log.h"
#include "surfaces/server/route.h"
#include "surfaces/server/session_actions.h"

namespace pryx::server {
namespace {

bool is_front_path(std::string_view path) { return path.starts_with("/v1/"); }

// Each front's clients read errors in that front's form only.
net::Response refusal(std::string_view path, const Error& error, const std::string& request_id) {
  if (is_anthropic_path(path)) return anthropic_error_response(error, request_id);
  if (is_front_path(path)) return openai_error_response(error, request_id);
  return problem_response(error, request_id);
}

// The same with a status that HTTP has and no code of ours.
net::Response refusal(std::string_view path, const Error& error, int status, std::string_view title,
                      const std::string& request_id) {
  if (!is_front_path(path)) return problem_response(error, status, title, request_id);
  net::Response response = refusal(path, error, request_id);
  response.status = status;
  return response;
}

Error not_routed_error(const net::Request& request, const RouteMatch& match) {
  return {match.allowed.empty() ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
          match.allowed.empty()
              ? fmt::format("there is no {}", utf8_prefix(request.path, 200))
              : fmt::format("{} does not take {}", utf8_prefix(request.path, 200), request.method),
          -1};
}

net::Response not_routed(const net::Request& request, const RouteMatch& match, const Error& error,
                         const std::string& request_id) {
  if (match.allowed.empty()) return refusal(request.path, error, request_id);
  net::Response response = refusal(request.path, error, 405, "Method not allowed", request_id);
  std::string allow;
  for (const std::string_view method : match.allowed)
    allow += (allow.empty() ? "" : ", ") + std::string(method);
  response.headers.add("Allow", allow);
  return response;
}

Result<json::object> read_body(const net::Request& request, const Route& route) {
  if (route.body.empty() || route.large_body_bytes > 0 || trim(request.body).empty()) return json::object{};
  PRYX_TRY(json::object body, json::parse_object(request.body));
  for (const BodyField& field : route.body) {
    if (!field.exists && json::find(body, field.name) != nullptr) {
      return fail(ErrorCode::kInvalidArgument, "the field '{}' is not supported yet; leave it out",
                  field.name);
    }
  }
  return body;
}

}  // namespace

struct ApiServer::State {
  State(Services given, ServerOptions given_options)
      : services(given),
        options(std::move(given_options)),
        auth(services, options),
        background(services.loop, "server"),
        refusals(services.loop.clock()),
        turned_away(services.loop.clock()),
        bus(services, options, auth, refusals),
        audit_head(services.loop, services.events, services.audit, owner().id),
        core{services, options, auth, bus, background} {}

  Services services;
  ServerOptions options;
  Auth auth;
  async::TaskGroup background;
  RefusalLog refusals;
  RefusalLog turned_away;  // before they were requests; a flood of them hides no line of the others
  Bus bus;
  AuditHead audit_head;
  ServerCore core;
  bool stopping = false;

  // The answer to a request that is refused, and its line in the log.
  [[nodiscard]] net::Response refuse(const net::Request& request, const RouteMatch& match, const Error& error,
                                     const std::string& request_id, bool is_known_caller);
};

net::Response ApiServer::State::refuse(const net::Request& request, const RouteMatch& match,
                                       const Error& error, const std::string& request_id,
                                       bool is_known_caller) {
  const bool is_routed = match.route != nullptr || !is_known_caller;
  net::Response response =
      is_routed ? refusal(request.path, error, request_id) : not_routed(request, match, error, request_id);
  refusals.write({.route = match.route != nullptr ? match.route->pattern : std::string_view(),
                  .method = match.route != nullptr ? match.route->method : std::string_view(),
                  .status = response.status,
                  .code = facts(error.code).wire,
                  .detail = error.message,
                  .request_id = request_id,
                  .is_known_caller = is_known_caller});
  return response;
}

agent::StopParts stop_parts(Services& services, async::TaskGroup& group) {
  return {.loop = services.loop,
          .database = services.database,
          .audit = services.audit,
          .dispatcher = services.dispatcher,
          .turns = services.turns,
          .processes = services.processes,
          .group = group};
}

ApiServer::ApiServer(Services services, ServerOptions options)
    : state_(std::make_unique<State>(services, std::move(options))) {}
ApiServer::~ApiServer() = default;

db::ModuleMigrations ApiServer::migrations() {
  static const db::Migration kMigrations[] = {TokenStore::kTable, BrowserSessionStore::kTable};
  return {"surfaces/server", kMigrations};
}

async::Task<Result<void>> ApiServer::start() {
  PRYX_CO_TRY_VOID(co_await state_->auth.tokens().load());
  PRYX_CO_TRY(auto browsers, co_await state_->services.database.read(
                                 [](db::Connection& c) { return BrowserSessionStore::list(c); }));
  for (auto& [key, session] : browsers) state_->auth.browsers().restore(std::move(key), std::move(session));
  PRYX_CO_TRY(const auto unfinished, co_await state_->services.database.read([](db::Connection& c) {
    return agent::ImportStore::list_unfinished(c);
  }));
  if (!unfinished.empty()) remove_unfinished_later(state_->core, ImportSlot(state_->core.is_importing));
  co_return Result<void>{};
}

async::Task<Result<void>> ApiServer::save_browser_sessions() {
  co_return co_await state_->services.database.write(
      [alive = state_->auth.browsers().uses()](db::Transaction& t) {
        return BrowserSessionStore::keep(t.db(), alive);
      });
}

void ApiServer::set_tcp_port(std::uint16_t port) { state_->auth.set_tcp_port(port); }
void ApiServer::set_public_origin(std::optional<PublicOrigin> origin) {
  state_->auth.set_public_origin(std::move(origin));
}

async::Task<void> ApiServer::stop() {
  state_->stopping = true;
  const auto saved = co_await save_browser_sessions();
  if (!saved) log::warn("server.browser_sessions_not_saved", {{"error", saved.error().message}});
  co_await state_->bus.stop();
  co_await state_->background.stop();
}

std::optional<net::Response> ApiServer::screen(const net::Request& head) {
  const std::string request_id = state_->services.ids.make_text("req_");
  const RouteMatch match = find_route(route_table(), head.method, head.path);
  if (const auto allowed = state_->auth.check_origin(head); !allowed)
    return state_->refuse(head, match, allowed.error(), request_id, false);
  const auto identity = state_->auth.admit(head, match.route != nullptr ? &match.route->auth : nullptr);
  if (!identity) return state_->refuse(head, match, identity.error(), request_id, false);
  if (match.route == nullptr)
    return state_->refuse(head, match, not_routed_error(head, match), request_id, true);
  return std::nullopt;
}

std::optional<std::size_t> ApiServer::body_limit(const net::Request& head) const {
  const RouteMatch match = find_route(route_table(), head.method, head.path);
  if (match.route == nullptr || match.route->large_body_bytes == 0) return std::nullopt;
  return match.route->large_body_bytes;
}

net::Response ApiServer::refuse(const net::Refusal& refused) {
  const std::string request_id = state_->services.ids.make_text("req_");
  RefusalLog& log = refused.status == 500 ? state_->refusals : state_->turned_away;  // that is a bug of ours
  log.write({.status = refused.status,
             .code = facts(refused.error.code).wire,
             .detail = refused.error.message,
             .request_id = request_id});
  return refusal(refused.path, refused.error, refused.status, net::reason_phrase(refused.status), request_id);
}

// Credentials are judged again: a token may have been revoked while the body arrived.
async::Task<void> ApiServer::handle(net::Exchange& exchange) {
  const net::Request& request = exchange.request();
  const std::string request_id = state_->services.ids.make_text("req_");
  RouteMatch match = find_route(route_table(), request.method, request.path);
  auto identity = state_->auth.admit(request, match.route != nullptr ? &match.route->auth : nullptr);
  if (!identity || match.route == nullptr) {
    const Error error = identity ? not_routed_error(request, match) : identity.error();
    const bool is_known = identity.has_value();
    (void)co_await exchange.respond(state_->refuse(request, match, error, request_id, is_known));
    co_return;
  }
  auto body = read_body(request, *match.route);
  if (!body) {
    (void)co_await exchange.respond(state_->refuse(request, match, body.error(), request_id, true));
    co_return;
  }
  RouteCall call{state_->core,         exchange,   request,
                 std::move(*identity), request_id, std::move(match.path_values),
                 std::move(*body)};
  Result<Reply> reply = Reply{};
  std::string bug;
  try {
    reply = co_await match.route->handler(call);
  } catch (const std::exception& error) {
    bug = error.what();
  }
  if (!bug.empty()) {
    log::error("server.handler_failed", {{"route", match.route->pattern},
                                         {"what", bug},
                                         {"request_id", request_id},
                                         {"trace_id", trace::trace_id_of(request_id)}});
    reply = fail(ErrorCode::kInternal, "the request failed by a bug of Pryx; the log has more under {}",
                 request_id);
  }
  if (!reply) {
    (void)co_await exchange.respond(state_->refuse(request, match, reply.error(), request_id, true));
    co_return;
  }
  if (reply->is_sent) co_return;
  net::Response response{reply->status, std::move(reply->headers), std::move(reply->body)};
  if (!reply->content_type.empty() && response.status != 204)
    response.headers.add("Content-Type", reply->content_type);
  if (!response.headers.find("X-Request-Id")) add_common_headers(response.headers, request_id);
  // A front refuses in its own form.
  if (response.status >= 400)
    state_->refusals.write({.route = match.route->pattern,
                            .method = match.route->method,
                            .status = response.status,
                            .request_id = request_id,
                            .is_known_caller = true});
  (void)co_await exchange.respond(std::move(response));
}

}  // namespace pryx::server
