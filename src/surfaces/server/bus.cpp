// SPDX-License-Identifier: MIT
#include "surfaces/server/bus.h"

#include <algorithm>
#include <charconv>

#include "foundation/base/text.h"
#include "surfaces/server/message_parts.h"
#include "surfaces/server/messages.h"
#include "surfaces/server/problem.h"
#include "surfaces/server/refusal_log.h"
#include "surfaces/server/route.h"

namespace pryx::server {
namespace {

constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::uint16_t kServerError = 1011;
constexpr std::size_t kMaxFilterNames = 64;
constexpr std::size_t kMaxFilterBytes = 128;
constexpr std::size_t kMaxSurfaceBytes = 64;
constexpr std::string_view kSubscribeFields[] = {"since", "events", "session_id", "surface"};

Result<std::optional<std::uint64_t>> parse_version(std::optional<std::string> text) {
  if (!text) return std::nullopt;
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
  if (error != std::errc() || end != text->data() + text->size())
    return fail(ErrorCode::kInvalidArgument, "since must be a version number");
  return version;
}

Result<void> add_name(events::Filter& filter, std::string_view name) {
  const bool plain = std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '*'; });
  if (name.empty() || name.size() > kMaxFilterBytes || !plain) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no event name or pattern", utf8_prefix(name, 64));
  }
  if (filter.names.size() >= kMaxFilterNames)
    return fail(ErrorCode::kInvalidArgument, "a filter holds at most {} names", kMaxFilterNames);
  filter.names.emplace_back(name);
  return {};
}

Result<void> set_surface(events::Filter& filter, std::string surface) {
  const bool plain = std::ranges::all_of(surface, [](char c) { return c > ' ' && c < 0x7f; });
  if (surface.empty() || surface.size() > kMaxSurfaceBytes || !plain) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no surface; an event's envelope names its own",
                to_valid_utf8(utf8_prefix(surface, 64)));
  }
  filter.surface = std::move(surface);
  return {};
}

// A filter that is not understood must not look like one that matches everything.
Result<void> check_subscribe_fields(const json::object& payload) {
  for (const auto& field : payload) {
    if (std::ranges::find(kSubscribeFields, std::string_view(field.key())) == std::end(kSubscribeFields))
      return fail(ErrorCode::kInvalidArgument, "subscribe does not know '{}'; known are {}",
                  to_valid_utf8(utf8_prefix(field.key(), 64)), fmt::join(kSubscribeFields, ", "));
  }
  return {};
}

Result<events::Filter> filter_of_query(const net::Request& request, const PrincipalId& principal) {
  events::Filter filter{.principal = principal, .names = {}, .session = {}, .turn_id = {}, .surface = {}};
  for (const std::string& value : request.query_values("event")) PRYX_TRY_VOID(add_name(filter, value));
  for (const std::string& value : request.query_values("events")) {
    for (const std::string_view name : split(value, ',')) PRYX_TRY_VOID(add_name(filter, name));
  }
  if (const auto session = request.query_value("session_id")) {
    PRYX_TRY(filter.session, SessionId::parse(*session));
  }
  if (auto surface = request.query_value("surface")) PRYX_TRY_VOID(set_surface(filter, std::move(*surface)));
  return filter;
}

Result<events::Filter> filter_of_payload(const json::object& payload, const PrincipalId& principal) {
  PRYX_TRY_VOID(check_subscribe_fields(payload));
  events::Filter filter{.principal = principal, .names = {}, .session = {}, .turn_id = {}, .surface = {}};
  if (const json::value* names = json::find(payload, "events")) {
    if (!names->is_array()) return fail(ErrorCode::kInvalidArgument, "events must be an array of names");
    for (const json::value& name : names->get_array()) {
      if (!name.is_string()) return fail(ErrorCode::kInvalidArgument, "events must be an array of names");
      PRYX_TRY_VOID(add_name(filter, std::string_view(name.get_string())));
    }
  }
  PRYX_TRY(const auto session, json::find_string(payload, "session_id"));
  if (session) {
    PRYX_TRY(filter.session, SessionId::parse(*session));
  }
  PRYX_TRY(auto surface, json::find_string(payload, "surface"));
  if (surface) PRYX_TRY_VOID(set_surface(filter, std::move(*surface)));
  return filter;
}

Result<std::optional<std::uint64_t>> version_of_payload(const json::object& payload, std::string_view key) {
  PRYX_TRY(const auto number, json::find_integer(payload, key));
  if (!number) return std::nullopt;
  if (*number < 0) return fail(ErrorCode::kInvalidArgument, "{} must be a version number", key);
  return static_cast<std::uint64_t>(*number);
}

template <class IdType>
Result<IdType> id_of_payload(const json::object& payload, std::string_view key) {
  PRYX_TRY(const std::string text, json::get_string(payload, key));
  auto id = IdType::parse(text);
  if (!id) return fail(ErrorCode::kNotFound, "there is nothing with the id '{}'", text.substr(0, 64));
  return std::move(*id);
}

}  // namespace

struct Bus::Client {
  Client(async::EventLoop& loop_in, Identity identity_in) : loop(loop_in), identity(std::move(identity_in)) {}
  async::EventLoop& loop;
  Identity identity;
  std::shared_ptr<net::WebSocket> socket;
  std::unique_ptr<events::Subscription> subscription;
  std::unique_ptr<Auth::Watch> watch;
  std::uint64_t last_sent = 0;  // highest durable version handed to this client
  bool credential_ended = false;
  async::TaskGroup::TaskId pump = 0;
  std::unique_ptr<async::OneShot<bool>> pump_ended;

  void end_credential() {
    credential_ended = true;
    if (socket) socket->close(kPolicyViolation, "the credential ended");
  }
};

Bus::Bus(Services& services, const ServerOptions& options, Auth& auth, RefusalLog& refusals)
    : services_(services),
      options_(options),
      auth_(auth),
      refusals_(refusals),
      group_(services.loop, "bus") {}
Bus::~Bus() = default;

std::string Bus::envelope(std::string_view type, std::string_view event, const json::value& request_id,
                          const json::object& payload) const {
  json::object o{{"type", type},
                 {"schema", 1},
                 {"version", services_.events.last_version()},
                 {"event", event},
                 {"session_id", nullptr},
                 {"surface", nullptr},
                 {"timestamp", to_rfc3339(services_.loop.clock().wall())}};
  if (!request_id.is_null()) o["request_id"] = request_id;
  o["payload"] = payload;
  return json::to_text(o);
}

async::Task<Result<Reply>> Bus::serve(RouteCall& call) {
  if (!call.request.wants_websocket) {
    net::Response response =
        problem_response({ErrorCode::kInvalidArgument, "this is the bus; connect with a WebSocket", -1}, 426,
                         "Upgrade required", call.request_id);
    response.headers.add("Upgrade", "websocket");
    co_return Reply::response(std::move(response));
  }
  if (stopping_) co_return fail(ErrorCode::kUnavailable, "the daemon is stopping");
  if (clients_.size() >= options_.max_bus_clients)
    co_return fail(Error{ErrorCode::kOverloaded, "too many bus clients; close some", 1000});
  PRYX_CO_TRY(const auto since, parse_version(call.request.query_value("since")));
  PRYX_CO_TRY(events::Filter filter, filter_of_query(call.request, call.principal()));
  auto client = std::make_shared<Client>(services_.loop, call.identity);
  client->watch = auth_.watch(client->identity, [weak = std::weak_ptr(client)] {
    if (const auto alive = weak.lock()) alive->end_credential();
  });
  auto socket = co_await call.exchange.accept_websocket();
  if (!socket) co_return Reply::sent();
  client->socket = std::move(*socket);
  if (client->credential_ended || stopping_) {
    client->socket->close(client->credential_ended ? kPolicyViolation : kGoingAway, "goodbye");
    co_return Reply::sent();
  }
  clients_.insert(client);
  client->subscription = services_.events.subscribe(filter);
  start_pump(client, std::move(filter), since);
  co_await answer_requests(client);
  co_await stop_pump(client);
  clients_.erase(client);
  client->subscription.reset();
  if (client->socket->is_open()) client->socket->close(kGoingAway, "goodbye");
  co_return Reply::sent();
}

// The pump must not run: the subscription's position changes only while nobody reads from it.
void Bus::start_pump(std::shared_ptr<Client> client, events::Filter filter,
                     std::optional<std::uint64_t> since) {
  std::optional<std::uint64_t> from = since;
  if (since && services_.events.is_too_old(*since)) {
    client->socket->send(
        std::make_shared<const std::string>(envelope("event", "bus.reset", nullptr, {{"since", *since}})));
    from = services_.events.last_version();
  }
  client->subscription->refilter(std::move(filter), from);
  client->pump_ended = std::make_unique<async::OneShot<bool>>(services_.loop);
  client->pump = group_.spawn("bus.pump", pump_events(client));
  if (client->pump == 0) client->pump_ended->set(true);
}

async::Task<void> Bus::stop_pump(std::shared_ptr<Client> client) {
  group_.cancel(client->pump);
  (void)co_await client->pump_ended->wait_uncancellable();
}

async::Task<void> Bus::pump_events(std::shared_ptr<Client> client) {
  for (;;) {
    const auto event = co_await client->subscription->next();
    if (!event) {
      if (event.error().code != ErrorCode::kCancelled)
        client->socket->close(kServerError, "the events cannot be read");
      break;
    }
    if ((*event)->durable) client->last_sent = std::max(client->last_sent, (*event)->version);
    // One buffer for all clients: the pointer shares the event's own text.
    if (!client->socket->send(std::shared_ptr<const std::string>(*event, &(*event)->envelope))) break;
    // A long replay goes at the client's pace. What happens meanwhile the subscription reads from disk again,
    // so waiting costs no event and holds up nobody else.
    const auto room = co_await client->socket->wait_writable();
    if (!room) break;
  }
  client->pump_ended->set(true);
}

async::Task<void> Bus::answer_requests(std::shared_ptr<Client> client) {
  for (;;) {
    const auto text = co_await client->socket->read();
    if (!text) co_return;
    auto message = json::parse_object(*text);
    if (message && json::string_or(*message, "type") != "request")
      message = fail(ErrorCode::kInvalidArgument, "only messages of the type 'request' are understood");
    const std::string name = message ? json::string_or(*message, "event") : std::string();
    json::value request_id = nullptr;
    Result<json::object> answer = json::object{};
    if (!message) {
      answer = std::unexpected(message.error());
    } else {
      if (const std::string id = json::string_or(*message, "request_id"); !id.empty())
        request_id = json::value(utf8_prefix(id, 128));
      const json::value* payload = json::find(*message, "payload");
      json::object fields;
      if (payload != nullptr && payload->is_object()) fields = payload->get_object();
      const Result<void> may = check_csrf(*client, name, json::string_or(*message, "csrf"));
      if (may)
        answer = co_await perform(client, name, std::move(fields));
      else
        answer = std::unexpected(may.error());
    }
    const std::string reply =
        answer ? envelope("response", name, request_id, *answer) : refuse(name, request_id, answer.error());
    if (!client->socket->send(std::make_shared<const std::string>(reply))) co_return;
  }
}

std::string Bus::refuse(std::string_view name, const json::value& request_id, const Error& error) {
  const std::string id = services_.ids.make_text("req_");
  refusals_.write({.route = "/api/v1/ws",
                   .method = "",
                   .status = http_status(error),
                   .code = facts(error.code).wire,
                   .detail = error.message,
                   .request_id = id,
                   .is_known_caller = true});
  return envelope("error", name, request_id, problem_body(error, id));
}

// A page cannot put a header on an upgrade, so its token comes with each request that changes something. The
// cookie alone, which a browser sends to every port of a host, only reads.
Result<void> Bus::check_csrf(const Client& client, std::string_view name, std::string_view csrf) {
  const bool only_reads = name == "subscribe" || name == "ping";
  if (client.identity.proof != Identity::Proof::kCookie || only_reads) return {};
  if (equal_constant_time(csrf, client.identity.csrf)) return {};
  return fail(ErrorCode::kForbidden,
              "{} with a session cookie needs the member csrf beside payload, with the token of the login",
              name);
}

async::Task<Result<json::object>> Bus::perform(std::shared_ptr<Client> client, std::string name,
                                               json::object payload) {
  const Caller& caller = client->identity.caller;
  if (client->credential_ended) co_return fail(ErrorCode::kUnauthenticated, "the credential ended");
  if (name == "ping") co_return json::object{{"pong", true}};
  if (name == "ack") co_return acknowledge(*client, payload);
  if (name == "subscribe") co_return co_await subscribe(client, std::move(payload));
  if (name == "chat.send") {
    PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
    PRYX_CO_TRY(SessionId session, id_of_payload<SessionId>(payload, "session_id"));
    PRYX_CO_TRY(agent::NewMessage message,
                decode_message(payload, caller, std::move(session), services_.models));
    PRYX_CO_TRY(message, co_await with_parts(payload, std::move(message), caller, services_));
    PRYX_CO_TRY(const agent::Accepted accepted, co_await services_.inbox.accept(caller, std::move(message)));
    co_return json::object{{"message_id", accepted.message.str()},
                           {"turn_id", accepted.turn.str()},
                           {"session_id", accepted.session.str()}};
  }
  if (name == "turn.cancel") {
    PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
    PRYX_CO_TRY(TurnId turn, id_of_payload<TurnId>(payload, "turn_id"));
    PRYX_CO_TRY_VOID(co_await services_.turns.cancel(caller, turn));
    co_return json::object{{"turn_id", turn.str()}};
  }
  if (name == "stop") {
    PRYX_CO_TRY(agent::StopScope scope, agent::StopScope::from_json(payload));
    PRYX_CO_TRY(const agent::StopReport report,
                co_await agent::stop_effects(stop_parts(services_, group_), caller, std::move(scope)));
    co_return report.to_json();
  }
  if (name == "approval.resolve") {
    PRYX_CO_TRY_VOID(caller.require(Scope::kApprove));
    PRYX_CO_TRY(ApprovalId id, id_of_payload<ApprovalId>(payload, "approval_id"));
    PRYX_CO_TRY(trust::Resolution resolution, decode_resolution(payload, services_.loop.clock().wall()));
    PRYX_CO_TRY(const trust::Approval approval,
                co_await services_.approvals.resolve(caller, std::move(id), std::move(resolution)));
    co_return approval.to_json();
  }
  co_return fail(ErrorCode::kInvalidArgument,
                 "there is no request '{}'; known are chat.send, turn.cancel, stop, approval.resolve, "
                 "subscribe, ack and ping",
                 utf8_prefix(name, 64));
}

async::Task<Result<json::object>> Bus::subscribe(std::shared_ptr<Client> client, json::object payload) {
  PRYX_CO_TRY(events::Filter filter, filter_of_payload(payload, client->identity.caller.principal.id));
  PRYX_CO_TRY(const auto since, version_of_payload(payload, "since"));
  co_await stop_pump(client);
  const std::uint64_t version = services_.events.last_version();
  start_pump(client, std::move(filter), since);
  co_return json::object{{"version", version}};
}

// A receipt covers only what was sent to this client, and only when its filter lets the ends of turns
// through. One that follows a single surface says nothing about the turns of the others.
Result<json::object> Bus::acknowledge(Client& client, const json::object& payload) {
  PRYX_TRY(const auto version, version_of_payload(payload, "version"));
  if (!version) return fail(ErrorCode::kInvalidArgument, "version is missing");
  const events::Filter& filter = client.subscription->filter();
  const auto sees = [&](const char* name) {
    return filter.names.empty() ||
           std::ranges::any_of(filter.names, [&](const std::string& glob) { return glob_match(glob, name); });
  };
  const std::uint64_t covered = std::min(*version, client.last_sent);
  const bool sees_all = filter.surface.empty();
  if (covered > 0 && sees_all && sees("turn.completed") && sees("turn.failed") &&
      sees("turn.needs_attention")) {
    services_.outbox.acknowledge_version(client.identity.caller.principal.id, covered, filter.session);
  }
  return json::object{{"version", covered}};
}

async::Task<void> Bus::stop() {
  stopping_ = true;
  for (const auto& client : clients_) client->socket->close(kGoingAway, "the daemon is stopping");
  co_await group_.stop();
}

}  // namespace pryx::server
