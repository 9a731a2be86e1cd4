// SPDX-License-Identifier: MIT
#include "surfaces/cli/turn_follower.h"

#include <algorithm>
#include <charconv>

#include "engine/agent/turn_failure.h"
#include "foundation/base/text.h"
#include "surfaces/cli/terminal_text.h"

namespace pryx::cli {
namespace {

constexpr int kReconnects = 20;
constexpr auto kReconnectPause =
    std::chrono::milliseconds(500);  // a restarted daemon is back within a second or two
constexpr auto kAcceptLimit = std::chrono::seconds(30);
constexpr auto kCancelLimit = std::chrono::seconds(5);
constexpr auto kFetchLimit = std::chrono::seconds(5);
constexpr std::size_t kMaxRendering = 300;

std::string fresh_key(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  return "cli-" + to_hex(bytes);
}

// A few words for one line.
std::string brief(std::string_view text) {
  const std::string_view cut = utf8_prefix(text, kMaxRendering);
  std::string line = sanitize_line(cut);
  if (cut.size() < text.size()) line += "…";
  return line;
}

}  // namespace

namespace {

std::string key_of(const TurnEvent& event) {
  return json::string_or(event.payload, "step_id") + "/" + json::string_or(event.payload, "part");
}

std::size_t offset_of(const TurnEvent& event) {
  return static_cast<std::size_t>(std::max<std::int64_t>(0, json::integer_or(event.payload, "offset", 0)));
}

std::int64_t to_version(const std::string& id) {
  std::int64_t version = 0;
  (void)std::from_chars(id.data(), id.data() + id.size(), version);
  return version;
}

}  // namespace

bool ends_turn(std::string_view name) {
  return name == "turn.completed" || name == "turn.failed" || name == "turn.cancelled" ||
         name == "turn.needs_attention";
}

Result<TurnFollower> TurnFollower::send(Context& context, std::string session, json::object message) {
  message["idempotency_key"] = fresh_key(*context.hooks().random);
  TurnFollower follower(context, std::move(session), std::move(message));
  PRYX_TRY_VOID(follower.connect());
  return follower;
}

Duration TurnFollower::left_of(Duration limit) const {
  if (!deadline_) return limit;
  return std::clamp<Duration>(*deadline_ - context_->clock().monotonic(), Duration::zero(), limit);
}

Result<void> TurnFollower::connect() {
  PRYX_TRY(client::ApiClient * api, context_->api());
  client::Call call{
      "POST", path_of("/api/v1/sessions/", session_, "/messages"), message_, {}, left_of(kAcceptLimit)};
  if (!last_id_.empty()) call.headers.add("Last-Event-ID", last_id_);
  PRYX_TRY(client::EventStream stream, api->stream(std::move(call)));
  stream_ = std::make_unique<client::EventStream>(std::move(stream));
  return {};
}

Result<void> TurnFollower::reconnect() {
  Error last;
  for (int attempt = 0; attempt < kReconnects; ++attempt) {
    auto connected = connect();
    if (connected) return {};
    last = std::move(connected.error());
    const bool is_gone = last.code == ErrorCode::kUnavailable || last.code == ErrorCode::kTimeout;
    if (last.code == ErrorCode::kCancelled) return fail(std::move(last));
    if (!is_gone) break;
    const MonotonicTime next_attempt = context_->clock().monotonic() + left_of(kReconnectPause);
    const auto paused = client::wait_for_fd(-1, 0, next_attempt, context_->waiting());
    if (paused == client::Readiness::kInterrupted) return fail(ErrorCode::kCancelled, "interrupted");
    if (left_of(kReconnectPause) == Duration::zero()) break;
  }
  last.message =
      fmt::format("lost the daemon during the turn: {}; the turn goes on there: pryx session show {}",
                  last.message, session_);
  return fail(std::move(last));
}

bool TurnFollower::take(const net::SseEvent& raw, TurnEvent& event) {
  auto envelope = json::parse_object(raw.data, {.max_bytes = 16u << 20, .max_depth = 80});
  if (!envelope) return false;
  event = {};
  event.name = json::string_or(*envelope, "event", raw.event);
  if (const json::value* payload = json::find(*envelope, "payload");
      payload != nullptr && payload->is_object())
    event.payload = payload->get_object();
  event.envelope = std::move(*envelope);
  if (!raw.id.empty()) last_id_ = raw.id;
  if (turn_id_.empty()) turn_id_ = json::string_or(event.payload, "turn_id");
  if (event.name == "turn.delta") {
    if (offset_of(event) > received_[key_of(event)]) fetch_missed_text();
    if (!join_delta(event)) return false;
    if (ready_.empty()) return true;
    ready_.push_back(std::move(event));  // behind what was fetched
    return false;
  }
  if (event.name == "step.started") {
    // A new attempt writes its text from the start.
    const std::string step = json::string_or(event.payload, "step_id");
    if (json::string_or(event.payload, "kind") == "model") last_step_ = step;
    if (json::integer_or(event.payload, "attempt", 1) > 1)
      std::erase_if(received_, [&](const auto& entry) { return entry.first.starts_with(step + "/"); });
  }
  if (event.name == "turn.completed") event.text = missing_end(event);
  ended_ = ends_turn(event.name);
  return true;
}

bool TurnFollower::join_delta(TurnEvent& event) {
  const std::string text = json::string_or(event.payload, "text");
  const std::string key = key_of(event);
  std::size_t& received = received_[key];
  const std::size_t offset = offset_of(event);
  // What cannot be fetched any more comes with the end of the turn, which has the whole text.
  if (offset > received) return false;
  // Joined by offset: what came before is skipped. An attempt that starts over shows as offset 0 of the same
  // step.
  event.text = text.substr(std::min(received - offset, text.size()));
  received = std::max(received, offset + text.size());
  if (json::string_or(event.payload, "part") == "text") text_key_ = key;
  return !event.text.empty();
}

void TurnFollower::fetch_missed_text() {
  if (turn_id_.empty()) return;
  const auto api = context_->api();
  if (!api) return;
  const auto turn = (*api)->call({"GET", path_of("/api/v1/turns/", turn_id_), {}, {}, kFetchLimit});
  if (!turn) return;  // the end of the turn brings the text
  const json::value* partial = json::find(turn->json, "partial");
  if (partial == nullptr || !partial->is_array()) return;
  for (const json::value& part : partial->get_array()) {
    if (!part.is_object()) continue;
    TurnEvent event;
    event.name = "turn.delta";
    event.payload = part.get_object();
    event.payload["turn_id"] = turn_id_;
    event.payload["offset"] = 0;
    event.envelope = {{"type", "event"},
                      {"schema", 1},
                      {"version", to_version(last_id_)},
                      {"event", event.name},
                      {"session_id", session_},
                      {"surface", nullptr},
                      {"timestamp", to_rfc3339(context_->clock().wall())},
                      {"payload", event.payload}};
    if (join_delta(event)) ready_.push_back(std::move(event));
  }
}

// The text of a completed turn is that of its last model step.
std::string TurnFollower::missing_end(const TurnEvent& event) const {
  const auto received = received_.find(text_key_);
  const std::string text = json::string_or(event.payload, "text");
  const bool is_of_last_step = last_step_.empty() || text_key_.starts_with(last_step_ + "/");
  if (received == received_.end() || !is_of_last_step) return text;
  return text.substr(std::min(received->second, text.size()));
}

Result<TurnStep> TurnFollower::next(TurnEvent& event, Duration limit) {
  if (ended_) return TurnStep::kEnd;
  const MonotonicTime deadline = context_->clock().monotonic() + limit;
  while (true) {
    if (!ready_.empty()) {
      event = std::move(ready_.front());
      ready_.pop_front();
      return TurnStep::kEvent;
    }
    const Duration left = std::max<Duration>(Duration::zero(), deadline - context_->clock().monotonic());
    auto got = stream_->next(left);
    if (!got) return fail(std::move(got.error()));
    using Kind = client::EventStream::Next::Kind;
    switch (got->kind) {
      case Kind::kEvent:
        if (take(got->event, event)) return TurnStep::kEvent;
        break;
      case Kind::kTimeout:
        return TurnStep::kNothing;
      case Kind::kInterrupted:
        return TurnStep::kInterrupted;
      case Kind::kEnd:
      case Kind::kCut: {
        auto connected = reconnect();
        if (!connected && connected.error().code == ErrorCode::kCancelled) return TurnStep::kInterrupted;
        const bool is_late = left_of(kReconnectPause) == Duration::zero();
        if (!connected && is_late) return TurnStep::kNothing;
        if (!connected) return fail(std::move(connected.error()));
        fetch_missed_text();
        break;
      }
    }
  }
}

Result<void> cancel_turn(client::ApiClient& api, const std::string& turn_id) {
  if (turn_id.empty()) return {};
  client::Call call{"POST", path_of("/api/v1/turns/", turn_id, "/cancel"), json::object{}, {}, kCancelLimit};
  auto reply = api.call(std::move(call));
  if (!reply && reply.error().code != ErrorCode::kConflict && reply.error().code != ErrorCode::kNotFound)
    return fail(std::move(reply.error()));
  return {};
}

std::string wanted_model(const Context& context, const Invocation& invocation) {
  return invocation.value_or("model", context.environment().get_or("PRYX_MODEL", ""));
}

Result<std::string> open_session(Context& context, const std::optional<std::string>& id,
                                 const std::string& agent, const std::string& model) {
  PRYX_TRY(client::ApiClient * api, context.api());
  if (id) {
    PRYX_TRY(const client::Reply reply, api->get(path_of("/api/v1/sessions/", *id)));
    return json::string_or(reply.json, "id", *id);
  }
  PRYX_TRY(std::string workspace, context.workspace());
  json::object body{{"workspace", std::move(workspace)}};
  if (!agent.empty()) body["agent"] = agent;
  if (!model.empty()) body["model"] = model;
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/sessions", std::move(body)));
  return json::get_string(reply.json, "id");
}

std::int64_t tokens_of(const json::object& payload) {
  const json::value* usage = json::find(payload, "usage");
  if (usage == nullptr || !usage->is_object()) return 0;
  return json::integer_or(usage->get_object(), "input_tokens", 0) +
         json::integer_or(usage->get_object(), "output_tokens", 0);
}

std::string cost_of(const json::object& payload) {
  if (json::integer_or(payload, "unpriced_calls", 0) > 0) return "unpriced";
  const json::value* cost = json::find(payload, "cost");
  if (cost == nullptr || !cost->is_object()) return {};
  const std::string amount = json::string_or(cost->get_object(), "amount");
  return amount.find_first_not_of("0.") == std::string::npos ? std::string() : "$" + amount;
}

Line describe_answer(const json::object& payload) {
  Line line(json::string_or(payload, "model"), kDim);
  if (const std::int64_t used = tokens_of(payload); used > 0)
    line.add(fmt::format(" · {} tokens", used), kDim);
  if (const std::string cost = cost_of(payload); !cost.empty()) line.add(fmt::format(" · {}", cost), kDim);
  line.add(fmt::format(" · {}", json::string_or(payload, "turn_id")), kDim);
  return line;
}

// "75 % of the day's budget is spent: $7.51 of $10.00 (2026-11-21)".
Line describe_alert(const json::object& payload) {
  const std::string scope = json::string_or(payload, "scope");
  const std::string subject = json::string_or(payload, "subject");
  const std::string period = json::string_or(payload, "period");
  std::string text =
      fmt::format("{} % of the {}'s budget is spent: {} of {}", json::integer_or(payload, "percent", 0),
                  scope, money_of(payload, "spent"), money_of(payload, "limit"));
  if (!subject.empty() && scope == "agent") text += fmt::format(", {}", brief(subject));
  if (!period.empty()) text += fmt::format(" ({})", period);
  return Line(text + "; pryx cost budget", kWarning);
}

bool waits_for_model(const TurnEvent& event) {
  const json::value* waits = json::find(event.payload, "waits");
  return event.name == "turn.retrying" && waits != nullptr && waits->is_bool() && waits->get_bool();
}

std::optional<Line> describe_event(const TurnEvent& event) {
  if (event.name == "turn.retrying") {
    const auto wait = std::chrono::milliseconds(json::integer_or(event.payload, "delay_ms", 0));
    if (waits_for_model(event))
      return Line(fmt::format("{}; asked again in {} ({}); at once: pryx turn resume {} --retry",
                              brief(json::string_or(event.payload, "reason")), format_duration(wait),
                              brief(json::string_or(event.payload, "detail")),
                              brief(json::string_or(event.payload, "turn_id"))),
                  kWarning);
    return Line(fmt::format("retrying in {} ({})", format_duration(wait),
                            brief(json::string_or(event.payload, "reason", "no answer"))),
                kWarning);
  }
  if (event.name == "context.warning")
    return Line(fmt::format("the context is {} % full; at 90 % its oldest part is summarised",
                            json::integer_or(event.payload, "percent", 0)),
                kWarning);
  if (event.name == "budget.alert") return describe_alert(event.payload);
  if (event.name == "context.compacted") {
    const json::value* dropped = json::find(event.payload, "dropped");
    const bool lost = dropped != nullptr && dropped->is_bool() && dropped->get_bool();
    return Line(
        fmt::format("{} older messages are {} from here on; pryx session compact --undo takes that back",
                    json::integer_or(event.payload, "covered", 0),
                    lost ? "left out (nobody could summarise them)" : "summarised"),
        lost ? kWarning : kDim);
  }
  if (event.name == "turn.fallback") return Line(brief(json::string_or(event.payload, "text")), kWarning);
  const std::string tool = json::string_or(event.payload, "tool");
  if (event.name == "tool.requested") {
    const std::string rendering = json::string_or(event.payload, "rendering");
    Line line("• ", kAccent);
    // A rendering normally begins with what is done; the tool's name alone says too little.
    line.add(rendering.empty() ? tool : brief(rendering), kDim);
    return line;
  }
  if (event.name == "tool.finished") {
    const std::string state = json::string_or(event.payload, "state");
    const json::value* flag = json::find(event.payload, "ok");
    const bool ok =
        flag != nullptr && flag->is_bool() && flag->get_bool() && state != "denied" && state != "failed";
    const std::string reason = json::string_or(event.payload, "reason");
    const std::string summary = json::string_or(event.payload, "summary");
    Line line;
    line.add(ok ? "  ✓ " : "  ✗ ", ok ? kGood : kBad);
    line.add(tool, kDim);
    if (!ok) line.add(" " + (state.empty() ? std::string("failed") : brief(state)), kWarning);
    const std::string text = ok || reason.empty() ? summary : reason;
    if (!text.empty()) line.add((ok ? " " : ": ") + brief(text), kDim);
    return line;
  }
  return std::nullopt;
}

Error error_of_failed_turn(const json::object& payload, client::ErrorTraces& traces) {
  const std::string code = json::string_or(payload, "code");
  Error error{agent::error_code_of_turn(code), json::string_or(payload, "detail"), -1};
  // What a provider finds wrong with a request is no mistake in this command's usage.
  if (error.code == ErrorCode::kInvalidArgument) error.code = ErrorCode::kProvider;
  const std::string title = json::string_or(payload, "title", "the turn failed");
  if (error.message.empty())
    error.message = title;
  else if (error.message.find(title) == std::string::npos)
    error.message = fmt::format("the turn failed: {}", error.message);
  traces.keep(error, json::string_or(payload, "trace_id"));
  return error;
}

std::string describe_attention(const json::object& payload) {
  const std::string turn = json::string_or(payload, "turn_id");
  const std::string step = json::string_or(payload, "step_id");
  const std::string tool = json::string_or(payload, "tool");
  return fmt::format(
      "the outcome of step {}{} is unknown and a person must say how to go on: POST /api/v1/turns/{}/resume "
      "{{\"step_id\":\"{}\",\"resolution\":\"retry\" or \"treat_as_done\" or \"abandon\"}}",
      step, tool.empty() ? "" : fmt::format(" ({})", tool), turn, step);
}

}  // namespace pryx::cli
