// SPDX-License-Identifier: MIT
#include "surfaces/server/turn_stream.h"

#include <charconv>

#include "engine/agent/turn_store.h"
#include "surfaces/server/problem.h"

namespace pryx::server {
namespace {

constexpr Duration kSlice =
    std::chrono::seconds(1);           // how soon a revoked credential or a vanished peer is noticed
constexpr int kSlicesPerComment = 15;  // a comment keeps proxies and idle limits away

// What the client has: Last-Event-ID of a stream that was cut.
std::optional<std::uint64_t> last_event_id(const net::Request& request) {
  const auto text = request.headers.find("Last-Event-ID");
  if (!text) return std::nullopt;
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
  if (error != std::errc() || end != text->data() + text->size()) return 0;
  return version;
}

async::Task<bool> has_ended(RouteCall& call, TurnId turn) {
  const auto found =
      co_await call.services().database.read([principal = call.principal(), turn](db::Connection& c) {
        return agent::TurnStore::find_turn(c, principal, turn);
      });
  co_return found && *found &&
      (agent::is_terminal((*found)->state) || (*found)->state == agent::TurnState::kNeedsAttention);
}

struct Following {
  std::unique_ptr<events::Subscription> events;
  agent::Accepted accepted;
  bool ended = false;  // the credential is gone
  int quiet_slices = 0;
};

// False: the stream is over, one way or the other.
async::Task<bool> pass_on(RouteCall& call, Following& following, const events::EventPtr& event) {
  if (event->turn_id != following.accepted.turn.str()) co_return true;
  const auto written = co_await call.exchange.write(format_sse(*event));
  if (!written) co_return false;
  if (!ends_stream(event->name)) co_return true;
  // The flushed terminal event is the receipt: a client that has read it may hang up before the stream's last
  // bytes.
  call.services().outbox.acknowledge_turn(call.principal(), following.accepted.turn);
  (void)co_await call.exchange.finish();
  co_return false;
}

async::Task<bool> pass_time(RouteCall& call, Following& following) {
  if (call.exchange.is_peer_gone()) co_return false;
  if (++following.quiet_slices % kSlicesPerComment == 0) {
    const auto written = co_await call.exchange.write(": still here\n\n");
    if (!written) co_return false;
  }
  if (!following.accepted.duplicate) co_return true;
  // A repeated request for a turn that ended before: everything on disk was passed on by this time.
  const bool over = co_await has_ended(call, following.accepted.turn);
  if (over) (void)co_await call.exchange.finish();
  co_return !over;
}

async::Task<void> follow(RouteCall& call, Following& following) {
  for (;;) {
    const auto event = co_await following.events->next(kSlice);
    if (following.ended) co_return;
    bool goes_on = false;
    if (event)
      goes_on = co_await pass_on(call, following, *event);
    else if (event.error().code == ErrorCode::kTimeout)
      goes_on = co_await pass_time(call, following);
    if (!goes_on) co_return;
  }
}

}  // namespace

bool ends_turn(std::string_view name) {
  return name == "turn.completed" || name == "turn.failed" || name == "turn.cancelled";
}
bool ends_stream(std::string_view name) { return ends_turn(name) || name == "turn.needs_attention"; }

std::string format_sse(const events::Event& event) {
  if (!event.durable) return fmt::format("event: {}\ndata: {}\n\n", event.name, event.envelope);
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", event.name, event.version, event.envelope);
}

async::Task<Result<Reply>> accept_and_stream(RouteCall& call, agent::NewMessage message) {
  events::EventLog& log = call.services().events;
  events::Filter filter{
      .principal = call.principal(), .names = {}, .session = message.session, .turn_id = {}, .surface = {}};
  Following following;
  // Before the message is accepted, so that its first event is not missed.
  following.events = log.subscribe(filter, last_event_id(call.request));
  PRYX_CO_TRY(following.accepted, co_await call.services().inbox.accept(call.caller(), std::move(message)));
  if (following.accepted.duplicate && !last_event_id(call.request))
    following.events = log.subscribe(filter, 0);
  const auto watch = call.core.auth.watch(call.identity, [&following] { following.ended = true; });
  net::Headers headers;
  headers.add("Content-Type", "text/event-stream");
  add_common_headers(headers, call.request_id);
  const auto started = co_await call.exchange.start_stream(200, std::move(headers));
  if (started) co_await follow(call, following);
  co_return Reply::sent();
}

}  // namespace pryx::server
