// SPDX-License-Identifier: MIT
// What a turn writes into its trace and its bill: spans and calls, inside the write jobs that record the work
// itself. Private to this module. TurnTrace belongs to one run of a turn and remembers what no row says: when
// a request left, and which attempts failed before the one that answered.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/agent/turn_engine.h"
#include "engine/models/model_router.h"
#include "trust/approvals/approvals.h"
#include "trust/trace/recorder.h"

namespace pryx::agent {

constexpr std::string_view kDefaultAgent = "default";

// What a call is likely to cost, and what at most. No price: nothing of it is known.
[[nodiscard]] trace::Ask ask_of(const models::ModelInfo& info, const models::ModelRequest& request,
                                const models::Usage& estimate);
[[nodiscard]] std::optional<trace::NanoUsd> cost_of(const models::ModelInfo& info,
                                                    const models::Usage& usage);
[[nodiscard]] trace::Tokens tokens_of(const models::Usage& usage);

// How one attempt at a model ended.
struct ModelEnd {
  trace::CallOutcome outcome = trace::CallOutcome::kOk;
  models::Usage usage;
  std::string answered_by;  // "provider/model"; empty: nobody did
  std::string finish_reason;
  std::optional<Error> error;
};

class TurnTrace {
 public:
  TurnTrace(trace::Recorder& recorder, const models::ModelRouter& models)
      : recorder_(recorder), models_(models) {}

  // On the loop.
  void request_sent();
  void attempt_failed(const Error& error, Duration wait);
  // One that is booked by itself, so that it ends here and not when the wait after it does.
  void attempt_broke_off() { ended_ns_ = recorder_.now_ns(); }
  void chunk_came();
  // A request is out; false while the next attempt is waited for.
  [[nodiscard]] bool is_under_way() const { return sent_ns_ != 0 && recorder_.now_ns() >= sent_ns_; }
  // Before the write job that starts it: prices are the router's, and that belongs to the loop. `labels`: of
  // all that the model is shown.
  void prepare_call(const std::string& model, const models::ModelRequest& request,
                    const models::Usage& estimate, const trust::Labels& labels);
  // Messages of the conversation that the next call does not show its model.
  void note_left_out(std::int64_t messages) { left_out_ = messages; }
  [[nodiscard]] std::int64_t left_out() const { return left_out_; }
  // Who chose the model of the next call.
  void note_route(std::string_view route) { route_ = route; }
  // What is sent with the call: no more than was granted.
  void answer_bounded(std::int64_t max_output_tokens) { max_output_ = max_output_tokens; }
  // A person said that this model may be used without a price beside a budget; empty: none.
  void allow_unpriced(std::string model) { unpriced_ = std::move(model); }
  [[nodiscard]] trace::CallScope scope_of(const Turn& turn, const Session& session,
                                          const std::string& model) const;
  void price_answer(const std::string& answered_by, const models::Usage& usage);

  // In write jobs. A grant that is refused (kBudget) leaves nothing behind.
  [[nodiscard]] Result<trace::Grant> begin_call(db::Transaction& t, Turn& turn, const Session& session,
                                                const Step& step, int attempt);
  // Adds to the turn's usage and cost.
  [[nodiscard]] Result<void> end_call(db::Transaction& t, Turn& turn, const Step& step, const ModelEnd& end);
  void tool_started(const Step& step);
  [[nodiscard]] Result<void> tool_ended(db::Transaction& t, const Turn& turn, const Step& step,
                                        trace::SpanStatus status, const std::string& message);

 private:
  struct Failed {
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
    Error error;
  };
  trace::Recorder& recorder_;
  const models::ModelRouter& models_;
  std::string model_;
  std::string provider_kind_;  // read on the loop: write jobs may not ask the router
  std::string unpriced_;
  trace::Ask ask_;
  std::optional<trace::NanoUsd> cost_;
  std::int64_t sent_ns_ = 0;
  std::int64_t ended_ns_ = 0;
  std::int64_t first_chunk_ns_ = 0;
  std::int64_t max_output_ = 0;
  std::int64_t left_out_ = 0;
  std::string route_;
  json::object seen_;  // attributes: what the model was shown, and why this one
  std::vector<Failed> failed_;
  std::map<StepId, std::int64_t> tool_started_ns_;
};

// For turns that no run has in hand, too. A turn's time in line, before this start of it.
[[nodiscard]] Result<void> trace_queue(db::Transaction& t, trace::Recorder& recorder, const Turn& turn,
                                       const std::vector<Step>& steps);
// `start_ns` 0: what the row says.
[[nodiscard]] Result<void> trace_tool(db::Transaction& t, trace::Recorder& recorder, const Turn& turn,
                                      const Step& step, trace::SpanStatus status, const std::string& message,
                                      std::int64_t start_ns = 0);
// The turn's own span, and those of its waits for a person. Calls that are still open are settled first and
// counted into the turn, which is to be saved after it.
[[nodiscard]] Result<void> trace_turn_end(db::Transaction& t, trace::Recorder& recorder, Turn& turn,
                                          const Session& session, const std::vector<Step>& steps);
// What every end of a turn tells.
[[nodiscard]] json::object end_payload(const Turn& turn);
// The ledger's word on a turn counts, and not what its row held when a daemon died.
[[nodiscard]] Result<void> load_costs(db::Connection& c, Turn& turn);

}  // namespace pryx::agent
