// SPDX-License-Identifier: MIT
#include "surfaces/server/front/front_run.h"

#include "foundation/base/text.h"
#include "surfaces/server/problem.h"
#include "surfaces/server/turn_stream.h"

namespace pryx::server {
namespace {

constexpr Duration kSlice =
    std::chrono::seconds(1);       // how soon a revoked credential is noticed while nothing happens
constexpr int kSilentSlices = 15;  // then the stream is opened, so that the client sees it was heard

// Shared with the disconnect callback, which may outlive a step of the handler but never the exchange.
struct Running {
  ServerCore& core;
  Caller caller;
  TurnId turn;
  bool peer_gone = false;
  bool credential_ended = false;
};

async::Task<void> cancel_abandoned(ServerCore& core, Caller caller, TurnId turn) {
  // A turn that ended meanwhile answers kConflict: nothing is left to cancel.
  (void)co_await core.services.turns.cancel(std::move(caller), std::move(turn));
}

void abandon(Running& running) {
  if (running.turn.empty()) return;
  running.core.background.spawn("front.cancel", cancel_abandoned(running.core, running.caller, running.turn));
}

struct Following {
  FrontCodec& codec;
  bool wants_stream = false;
  FrontIds ids;
  std::unique_ptr<events::Subscription> events;
  std::shared_ptr<Running> running;
  bool is_streaming = false;
  std::string step;  // whose text is being streamed
  std::string answer, reasoning;
  int silent_slices = 0;
};

json::object payload_of(const events::Event& event) {
  auto envelope = json::parse_object(event.envelope, json::kOwnText);
  if (!envelope) return {};
  json::value& payload = (*envelope)["payload"];
  return payload.is_object() ? std::move(payload.get_object()) : json::object();
}

Reply refusal_reply(const RouteCall& call, FrontCodec& codec, const FrontRefusal& refusal) {
  return Reply::response(codec.refuse(refusal, call.request_id));
}

async::Task<Result<agent::Accepted>> accept(RouteCall& call, PreparedFront& prepared, SessionId fresh) {
  FrontRequest& request = prepared.request;
  agent::NewMessage message;
  message.messages = std::move(request.messages);
  message.model = request.model;
  message.interactive = request.stream;
  message.labels = request.options.labels;
  message.options = std::move(request.options);
  if (!request.session.empty()) {
    message.session = request.session;
    message.only_after = prepared.after;
    const bool may_fork = !prepared.after.empty();
    // Kept for the case that somebody else went on from there first.
    agent::NewMessage again = may_fork ? message : agent::NewMessage();
    auto accepted = co_await call.services().inbox.accept(call.caller(), std::move(message));
    const bool forks = !accepted && may_fork && accepted.error().code == ErrorCode::kConflict;
    if (!forks) co_return accepted;
    message = std::move(again);
    message.only_after = {};
  }
  message.session = std::move(fresh);
  agent::NewConversation conversation;
  conversation.model = request.model;
  conversation.history = std::move(prepared.history);
  conversation.message = std::move(message);
  co_return co_await call.services().inbox.accept_conversation(call.caller(), std::move(conversation));
}

// What the stream's first write begins with; nothing when it is open.
async::Task<Result<std::string>> open_stream(RouteCall& call, Following& following) {
  if (std::exchange(following.is_streaming, true)) co_return std::string();
  net::Headers headers;
  headers.add("Content-Type", "text/event-stream");
  add_common_headers(headers, call.request_id);
  PRYX_CO_TRY_VOID(co_await call.exchange.start_stream(200, std::move(headers)));
  co_return following.codec.open(following.ids);
}

async::Task<Result<void>> write(RouteCall& call, std::string bytes) {
  if (bytes.empty()) co_return Result<void>{};
  co_return co_await call.exchange.write(std::move(bytes));
}

async::Task<Result<void>> pass_on_delta(RouteCall& call, Following& following, json::object payload) {
  const bool is_answer = json::string_or(payload, "part") == "text";
  std::string& sent = is_answer ? following.answer : following.reasoning;
  std::string step = json::string_or(payload, "step_id");
  const std::string text = json::string_or(payload, "text");
  // What was sent cannot be taken back: another step, or another attempt after a cut, begins anew.
  const bool begun = !following.answer.empty() || !following.reasoning.empty();
  const bool again = !sent.empty() && json::integer_or(payload, "offset", 0) == 0;
  const bool restarts = begun && (step != following.step || again);
  following.step = std::move(step);
  if (restarts) {
    following.answer.clear();
    following.reasoning.clear();
  }
  sent += text;
  if (!following.wants_stream) co_return Result<void>{};
  // Opened first: the codec counts what it writes.
  PRYX_CO_TRY(std::string bytes, co_await open_stream(call, following));
  if (restarts) bytes += following.codec.next_step(following.ids);
  bytes += following.codec.piece(following.ids, is_answer ? FrontText::kAnswer : FrontText::kReasoning, text);
  co_return co_await write(call, std::move(bytes));
}

void note_delivery(RouteCall& call, const Following& following, const Result<void>& flushed) {
  if (flushed) call.services().outbox.acknowledge_turn(call.principal(), following.ids.turn);
}

// Text that came without a delta, because the subscription fell behind or the answer was found after a
// restart.
std::string missing_text(Following& following, const FrontOutcome& outcome) {
  if (outcome.text == following.answer) return {};
  if (outcome.text.starts_with(following.answer)) {
    return following.codec.piece(following.ids, FrontText::kAnswer,
                                 std::string_view(outcome.text).substr(following.answer.size()));
  }
  if (outcome.text.empty()) return {};
  return following.codec.next_step(following.ids) +
         following.codec.piece(following.ids, FrontText::kAnswer, outcome.text);
}

async::Task<void> end_stream(RouteCall& call, Following& following, std::string begin, std::string event_name,
                             json::object payload) {
  if (event_name != "turn.completed") {
    begin += following.codec.failed(following.ids, failure_of(event_name, payload), call.request_id);
    (void)co_await call.exchange.write(std::move(begin));
    (void)co_await call.exchange.finish();
    co_return;
  }
  const FrontOutcome outcome = outcome_of(payload);
  std::string rest = std::move(begin);
  rest += missing_text(following, outcome);
  rest += following.codec.close(following.ids, outcome);
  (void)co_await call.exchange.write(std::move(rest));
  const Result<void> flushed = co_await call.exchange.finish();
  note_delivery(call, following, flushed);
}

async::Task<Result<Reply>> end_turn(RouteCall& call, Following& following, const events::Event& event) {
  json::object payload = payload_of(event);
  const bool completed = event.name == "turn.completed";
  if (following.wants_stream && (completed || following.is_streaming)) {
    PRYX_CO_TRY(std::string begin, co_await open_stream(call, following));
    co_await end_stream(call, following, std::move(begin), event.name, std::move(payload));
    co_return Reply::sent();
  }
  net::Response response;
  if (completed) {
    FrontOutcome outcome = outcome_of(payload);
    outcome.reasoning = std::move(following.reasoning);
    response.headers.add("Content-Type", "application/json");
    add_common_headers(response.headers, call.request_id);
    response.body = json::to_text(following.codec.whole(following.ids, outcome));
  } else {
    FrontRefusal failure = failure_of(event.name, payload);
    if (failure.code.empty()) failure.code = event.name.substr(event.name.find('.') + 1);
    response = following.codec.refuse(failure, call.request_id);
  }
  const Result<void> flushed = co_await call.exchange.respond(std::move(response));
  note_delivery(call, following, flushed);
  co_return Reply::sent();
}

async::Task<Result<void>> pass_time(RouteCall& call, Following& following) {
  if (!following.wants_stream || ++following.silent_slices % kSilentSlices != 0) co_return Result<void>{};
  PRYX_CO_TRY(std::string bytes, co_await open_stream(call, following));
  bytes += following.codec.keep_alive();
  co_return co_await call.exchange.write(std::move(bytes));
}

async::Task<Result<Reply>> follow(RouteCall& call, Following& following) {
  for (;;) {
    const auto event = co_await following.events->next(kSlice);
    if (following.running->credential_ended) {
      abandon(*following.running);
      co_return fail(ErrorCode::kUnauthenticated, "the credential ended");
    }
    if (!event && event.error().code != ErrorCode::kTimeout) co_return std::unexpected(event.error());
    Result<void> written;
    if (!event)
      written = co_await pass_time(call, following);
    else if ((*event)->turn_id != following.ids.turn.str())
      continue;
    else if (ends_stream((*event)->name))
      co_return co_await end_turn(call, following, **event);
    else if ((*event)->name == "turn.delta")
      written = co_await pass_on_delta(call, following, payload_of(**event));
    // The peer is gone; its disconnect cancels the turn.
    if (!written) co_return Reply::sent();
  }
}

}  // namespace

async::Task<Result<Reply>> run_front(RouteCall& call, std::unique_ptr<FrontCodec> codec) {
  auto decoded = codec->decode(call.body, call.principal());
  if (!decoded) co_return refusal_reply(call, *codec, decoded.error());
  auto prepared = co_await prepare_front(call, std::move(*decoded));
  if (!prepared) co_return refusal_reply(call, *codec, prepared.error());
  Services& services = call.services();
  const FrontRequest& request = prepared->request;
  Following following{.codec = *codec,
                      .wants_stream = request.stream,
                      .ids = {},
                      .events = nullptr,
                      .running = std::make_shared<Running>(call.core, call.caller()),
                      .step = {}};
  following.ids.created = services.loop.clock().wall().unix_ms / 1000;
  following.ids.model = request.model.empty() ? services.turns.default_model() : request.model;
  const auto watch = call.core.auth.watch(
      call.identity, [running = following.running] { running->credential_ended = true; });
  call.exchange.on_disconnect([running = following.running] {
    running->peer_gone = true;
    abandon(*running);
  });
  // Before the message is accepted, so that not one event is missed. An earlier answer's session may turn out
  // to be taken, so its next turn is followed wherever it goes.
  const SessionId fresh = services.ids.make<SessionId>();
  SessionId followed = request.session.empty() ? fresh : request.session;
  if (!prepared->after.empty()) followed = {};
  following.events = services.events.subscribe(
      {.principal = call.principal(), .names = {"turn.*"}, .session = followed, .turn_id = {}});
  auto accepted = co_await accept(call, *prepared, fresh);
  if (!accepted) co_return refusal_reply(call, *codec, {accepted.error(), {}, {}});
  following.ids.session = accepted->session;
  following.ids.turn = accepted->turn;
  following.running->turn = accepted->turn;
  if (following.running->peer_gone) abandon(*following.running);
  co_return co_await follow(call, following);
}

}  // namespace pryx::server
