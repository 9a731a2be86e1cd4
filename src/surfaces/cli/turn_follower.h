// SPDX-License-Identifier: MIT
// One turn as its client sees it: the message is sent once, its events come in order, and a connection that
// breaks is taken up again where it broke (same idempotency key, Last-Event-ID). Text comes without gaps or
// repeats. One owner, main thread.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "surfaces/cli/context.h"

namespace pryx::cli {

struct TurnEvent {
  std::string name;       // "turn.delta", "tool.requested"…
  json::object envelope;  // as it came
  json::object payload;
  std::string text;  // turn.delta: what is new of it; turn.completed: what of the answer did not come before
};

enum class TurnStep : std::uint8_t { kEvent, kNothing, kInterrupted, kEnd };

// How a turn ended.
[[nodiscard]] bool ends_turn(std::string_view event_name);

class TurnFollower {
 public:
  // `message` is the body of POST /sessions/{id}/messages; it gets a fresh idempotency key.
  [[nodiscard]] static Result<TurnFollower> send(Context& context, std::string session, json::object message);

  // A connection that breaks is not made again after this; next() says kNothing then. None: 20 attempts.
  void set_deadline(std::optional<MonotonicTime> deadline) { deadline_ = deadline; }
  // Waits up to `limit`. kNothing: the time passed. kEnd: after the last event.
  [[nodiscard]] Result<TurnStep> next(TurnEvent& event, Duration limit);
  [[nodiscard]] int fd() const { return stream_->fd(); }
  // Known from the first event on.
  [[nodiscard]] const std::string& turn_id() const { return turn_id_; }
  [[nodiscard]] bool has_ended() const { return ended_; }

 private:
  TurnFollower(Context& context, std::string session, json::object message)
      : context_(&context), session_(std::move(session)), message_(std::move(message)) {}
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Duration left_of(Duration limit) const;  // what the deadline leaves of it
  [[nodiscard]] Result<void> reconnect();
  [[nodiscard]] bool take(const net::SseEvent& raw, TurnEvent& event);
  // False: nothing of it is new, or a piece before it is missing.
  [[nodiscard]] bool join_delta(TurnEvent& event);
  // Streamed text is not kept in the event log: what was said while nobody listened comes from the turn
  // itself.
  void fetch_missed_text();
  [[nodiscard]] std::string missing_end(const TurnEvent& event) const;

  Context* context_;
  std::string session_;
  json::object message_;
  std::unique_ptr<client::EventStream> stream_;
  std::optional<MonotonicTime> deadline_;
  std::string last_id_;
  std::string turn_id_;
  std::map<std::string, std::size_t> received_;  // bytes of text by step and part
  std::string last_step_;                        // the model's, that was started last
  std::string text_key_;                         // of the text that came last
  std::deque<TurnEvent> ready_;                  // text that was fetched, before what comes next
  bool ended_ = false;
};

// Asks the daemon to cancel; silent about a turn that has ended meanwhile.
[[nodiscard]] Result<void> cancel_turn(client::ApiClient& api, const std::string& turn_id);
// A session to talk in: the one that is named, else a fresh one in the workspace. Returns its id.
[[nodiscard]] Result<std::string> open_session(Context& context, const std::optional<std::string>& id,
                                               const std::string& agent, const std::string& model);
// --model, else PRYX_MODEL, else empty.
[[nodiscard]] std::string wanted_model(const Context& context, const Invocation& invocation);

// Of a turn or of the event that ends one: input and output together; 0 when nobody counted.
[[nodiscard]] std::int64_t tokens_of(const json::object& payload);
// "$0.0132", or "unpriced"; nothing for what is free.
[[nodiscard]] std::string cost_of(const json::object& payload);
// Who answered, with how much, for how much: "openai/gpt-4o · 1200 tokens · $0.004 · trn_…".
[[nodiscard]] Line describe_answer(const json::object& payload);

// A turn.retrying after which the turn waits for its model for long.
[[nodiscard]] bool waits_for_model(const TurnEvent& event);
// One line about a tool call: "• fs.read README.md", "✗ fs.write notes.txt: denied, no rule allows it".
[[nodiscard]] std::optional<Line> describe_event(const TurnEvent& event);
// The Error that turn.failed (or the `error` of a turn, with the turn's trace_id put to it) stands for; its
// trace is kept in `traces`.
[[nodiscard]] Error error_of_failed_turn(const json::object& payload, client::ErrorTraces& traces);
// What to do about turn.needs_attention.
[[nodiscard]] std::string describe_attention(const json::object& payload);

}  // namespace pryx::cli
