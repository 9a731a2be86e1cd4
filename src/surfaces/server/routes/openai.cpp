// SPDX-License-Identifier: MIT
// /v1/models and /v1/chat/completions. A request is a turn like any other: accepted by the inbox, followed by
// its events, delivered when the answer was flushed. A disconnect cancels it, because these clients cannot
// come back for the rest.
#include "foundation/base/text.h"
#include "surfaces/server/model_list.h"
#include "surfaces/server/openai_codec.h"
#include "surfaces/server/problem.h"
#include "surfaces/server/routes/routes.h"
#include "surfaces/server/turn_stream.h"

namespace pryx::server::routes {
namespace {

constexpr Duration kSlice =
    std::chrono::seconds(1);       // how soon a revoked credential is noticed while nothing happens
constexpr int kSilentSlices = 15;  // then the stream is opened, so that the client sees it was heard

Reply refusal_reply(const RouteCall& call, const OpenAiRefusal& refusal) {
  return Reply::response(openai_error_response(refusal.error, call.request_id, refusal.param, refusal.code));
}

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
  running.core.background.spawn("openai.cancel",
                                cancel_abandoned(running.core, running.caller, running.turn));
}

struct Following {
  ChatRequest request;
  ChatIds ids;
  std::unique_ptr<events::Subscription> events;
  std::shared_ptr<Running> running;
  bool is_streaming = false;
  std::string step;      // whose text is being streamed
  std::size_t sent = 0;  // bytes of it that the client has
  int silent_slices = 0;
};

json::object payload_of(const events::Event& event) {
  auto envelope = json::parse_object(event.envelope, json::kOwnText);
  if (!envelope) return {};
  json::value& payload = (*envelope)["payload"];
  return payload.is_object() ? std::move(payload.get_object()) : json::object();
}

async::Task<Result<agent::Accepted>> accept(RouteCall& call, ChatRequest& request, SessionId session,
                                            bool is_new) {
  agent::NewMessage message;
  message.session = std::move(session);
  message.text = std::move(request.text);
  message.model = request.model;
  message.interactive = request.stream;
  message.labels = openai_labels(call.principal());
  if (!is_new) co_return co_await call.services().inbox.accept(call.caller(), std::move(message));
  agent::NewConversation conversation;
  conversation.model = request.model;
  conversation.history = std::move(request.history);
  conversation.message = std::move(message);
  co_return co_await call.services().inbox.accept_conversation(call.caller(), std::move(conversation));
}

async::Task<Result<void>> open_stream(RouteCall& call, Following& following) {
  if (std::exchange(following.is_streaming, true)) co_return Result<void>{};
  net::Headers headers;
  headers.add("Content-Type", "text/event-stream");
  add_common_headers(headers, call.request_id);
  PRYX_CO_TRY_VOID(co_await call.exchange.start_stream(200, std::move(headers)));
  co_return co_await call.exchange.write(role_chunk(following.ids));
}

async::Task<Result<void>> pass_on_delta(RouteCall& call, Following& following, json::object payload) {
  if (json::string_or(payload, "part") != "text") co_return Result<void>{};
  PRYX_CO_TRY_VOID(co_await open_stream(call, following));
  const std::string step = json::string_or(payload, "step_id");
  std::string text = json::string_or(payload, "text");
  // What was sent cannot be taken back: another step, or another attempt after a cut, starts a new paragraph.
  const bool restarts =
      following.sent > 0 && (step != following.step || json::integer_or(payload, "offset", 0) == 0);
  following.step = step;
  if (restarts) following.sent = 0;
  following.sent += text.size();
  if (restarts) text.insert(0, "\n\n");
  co_return co_await call.exchange.write(text_chunk(following.ids, text));
}

void note_delivery(RouteCall& call, const Following& following, const Result<void>& flushed) {
  if (flushed) call.services().outbox.acknowledge_turn(call.principal(), following.ids.turn);
}

async::Task<void> end_stream(RouteCall& call, Following& following, std::string_view event_name,
                             json::object payload) {
  if (event_name != "turn.completed") {
    (void)co_await call.exchange.write(sse_data(openai_error_body(failure_of(event_name, payload))) +
                                       "data: [DONE]\n\n");
    (void)co_await call.exchange.finish();
    co_return;
  }
  const ChatOutcome outcome = outcome_of(payload);
  std::string rest;
  // Text that came without a delta, because the subscription fell behind or the answer was found after a
  // restart.
  if (following.sent < outcome.text.size())
    rest = text_chunk(following.ids, std::string_view(outcome.text).substr(following.sent));
  rest += last_chunks(following.ids, outcome, following.request.include_usage);
  (void)co_await call.exchange.write(std::move(rest));
  const Result<void> flushed = co_await call.exchange.finish();
  note_delivery(call, following, flushed);
}

async::Task<Result<Reply>> end_turn(RouteCall& call, Following& following, const events::Event& event) {
  json::object payload = payload_of(event);
  const bool completed = event.name == "turn.completed";
  if (following.request.stream && (completed || following.is_streaming)) {
    PRYX_CO_TRY_VOID(co_await open_stream(call, following));
    co_await end_stream(call, following, event.name, std::move(payload));
    co_return Reply::sent();
  }
  net::Response response;
  if (completed) {
    response.headers.add("Content-Type", "application/json");
    add_common_headers(response.headers, call.request_id);
    response.body = json::to_text(completion_body(following.ids, outcome_of(payload)));
  } else {
    response = openai_error_response(failure_of(event.name, payload), call.request_id, {},
                                     event.name.substr(event.name.find('.') + 1));
  }
  const Result<void> flushed = co_await call.exchange.respond(std::move(response));
  note_delivery(call, following, flushed);
  co_return Reply::sent();
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
    if (!event) {
      if (!following.request.stream || ++following.silent_slices % kSilentSlices != 0) continue;
      written = co_await open_stream(call, following);
      if (written) written = co_await call.exchange.write(": still here\n\n");
    } else if ((*event)->turn_id != following.ids.turn.str()) {
      continue;
    } else if (ends_stream((*event)->name)) {
      co_return co_await end_turn(call, following, **event);
    } else if (following.request.stream && (*event)->name == "turn.delta") {
      written = co_await pass_on_delta(call, following, payload_of(**event));
    }
    // The peer is gone; its disconnect cancels the turn.
    if (!written) co_return Reply::sent();
  }
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
  auto decoded = decode_chat_request(call.body, call.principal());
  if (!decoded) co_return refusal_reply(call, decoded.error());
  Services& services = call.services();
  if (!decoded->model.empty()) {
    const auto known = services.models.resolve(decoded->model);
    if (!known)
      co_return refusal_reply(
          call, {{ErrorCode::kNotFound, known.error().message, -1}, "model", "model_not_found"});
  }
  Following following{
      .request = std::move(*decoded), .ids = {}, .events = nullptr, .running = nullptr, .step = {}};
  const bool is_new = following.request.session.empty();
  following.ids.session = is_new ? services.ids.make<SessionId>() : following.request.session;
  following.ids.created = services.loop.clock().wall().unix_ms / 1000;
  following.ids.model =
      following.request.model.empty() ? services.turns.default_model() : following.request.model;
  following.running = std::make_shared<Running>(call.core, call.caller());
  const auto watch = call.core.auth.watch(
      call.identity, [running = following.running] { running->credential_ended = true; });
  call.exchange.on_disconnect([running = following.running] {
    running->peer_gone = true;
    abandon(*running);
  });
  // Before the message is accepted, so that not one event is missed.
  following.events = services.events.subscribe(
      {.principal = call.principal(), .names = {"turn.*"}, .session = following.ids.session, .turn_id = {}});
  PRYX_CO_TRY(const agent::Accepted accepted,
              co_await accept(call, following.request, following.ids.session, is_new));
  following.ids.turn = accepted.turn;
  following.running->turn = accepted.turn;
  if (following.running->peer_gone) abandon(*following.running);
  co_return co_await follow(call, following);
}

}  // namespace pryx::server::routes
