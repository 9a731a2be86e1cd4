// SPDX-License-Identifier: MIT
// The work of one turn while it runs. Private to this module: turn_engine.h is the door. Lives in the
// coroutine of its turn.
#pragma once
#include <set>

#include "engine/agent/delta_buffer.h"
#include "engine/agent/failover.h"
#include "engine/agent/request_fit.h"
#include "engine/agent/subagents/sub_agent_store.h"
#include "engine/agent/turn_engine.h"
#include "engine/agent/turn_snapshot.h"
#include "engine/agent/turn_trace.h"
#include "engine/agent/work_clock.h"

namespace pryx::agent {

class StepJournal;
struct Cover;

// Inside the write job that cancels a turn: a call that may have taken effect is not forgotten with it. The
// transcript says so, and so does the record.
[[nodiscard]] Result<void> abandon_unknown_step(db::Transaction& t, audit::AuditLog& audit,
                                                trace::Recorder& trace, Step& step, const Turn& turn,
                                                const std::string& actor, WallTime at);

class TurnRun {
 public:
  TurnRun(TurnEngine& engine, OpenTurn turn, std::shared_ptr<TurnAhead> ahead);
  [[nodiscard]] async::Task<void> execute();
  [[nodiscard]] json::array partial_text() const;
  [[nodiscard]] const SessionId& session() const { return open_.session; }
  [[nodiscard]] const PrincipalId& principal() const { return open_.principal; }
  void note_parked(bool is_parked);
  // Ends the wait for a model before its time. False when this step waits for none.
  bool ask_now(const StepId& step);

 private:
  friend class StepJournal;
  enum class Flow : std::uint8_t { kGoOn, kStop };
  // A model that failed for a reason that passes.
  struct Awaited {
    std::string model;
    Error error;
  };

  // Loading and recovery.
  [[nodiscard]] async::Task<Result<bool>> load();
  void take(TurnSnapshot snapshot);
  [[nodiscard]] async::Task<Flow> recover();
  [[nodiscard]] async::Task<Flow> recover_started_tool(Step& step);
  [[nodiscard]] Result<void> write_start(db::Transaction& t);  // once, inside the first write of this run

  // Model steps.
  [[nodiscard]] async::Task<Flow> run_model_step();
  [[nodiscard]] Step& add_answer_step();
  // An error: the model cannot be asked like this.
  [[nodiscard]] Result<models::ModelRequest> make_request(const Step& step);
  // A value: what does not fit into a budget (kBudget). Nothing was begun then.
  [[nodiscard]] async::Task<Result<std::optional<Error>>> begin_model_step(Step& step, bool is_new,
                                                                           models::ModelRequest& request);
  // Over a budget, or more than the model takes (turn_run_failover.cpp).
  [[nodiscard]] async::Task<Flow> never_begun(Step& step, bool is_new, Error refusal, std::string code = {});
  [[nodiscard]] async::Task<Result<void>> open_unasked(Step& step);
  [[nodiscard]] async::Task<Flow> without_stand_in(Step& step, Error error, std::string code);
  [[nodiscard]] async::Task<Result<void>> stream_answer(Step& step, models::ModelRequest request);
  [[nodiscard]] async::Task<Result<std::unique_ptr<models::ModelStream>>> ask_model(
      Step& step, models::ModelRequest request);
  // What a provider has read and may bill is sent to it again: books the one, reserves the other.
  [[nodiscard]] async::Task<Result<void>> begin_again(Step& step, Error error, models::ModelRequest& request);
  [[nodiscard]] async::Task<void> take_event(Step& step, models::ModelEvent event);
  [[nodiscard]] async::Task<Flow> end_model_step(Step& step);
  // `code`: how the turn's end names it; empty: by the error.
  [[nodiscard]] async::Task<Flow> model_failed(Step& step, Error error, std::string code = {});
  [[nodiscard]] async::Task<void> save_partial(Step& step);
  // Whether another model was put in the place of the one that failed.
  [[nodiscard]] async::Task<Result<bool>> fall_back(Step& step, Error error);
  [[nodiscard]] async::Task<Result<bool>> replace_model(Step& step, Error error);
  void add_notices(Message& message);
  // No answer came of a step: another model takes over, or it is waited for one, or the turn fails
  // (turn_run_wait.cpp).
  [[nodiscard]] async::Task<Flow> without_answer(Step& step, Error error);
  // The same of a summary. nullopt: nobody can write it, and there is an answer without it.
  [[nodiscard]] async::Task<std::optional<Flow>> without_summary(Step& step, Error error, bool manual);
  [[nodiscard]] async::Task<Flow> wait_or_fail(Step& step, Error error, std::string code = {});
  void note_away(const Error& error);
  [[nodiscard]] bool may_wait() const;
  [[nodiscard]] std::optional<Duration> pause_for(const Awaited& awaited) const;  // nullopt: none any more
  [[nodiscard]] async::Task<Flow> wait_for_model(Step& step, Error error, Awaited awaited, Duration pause);
  [[nodiscard]] async::Task<Result<void>> return_to_chosen();
  [[nodiscard]] WallTime asked_since() const;
  void tell_retry(const StepId& step, const Error& error, Duration wait);
  // `awaited`: null for a retry that comes by itself within a minute.
  void publish_retry(const StepId& step, const Error& error, Duration wait, const Awaited* awaited);
  void send_delta(const Step& step, std::string_view part, DeltaBuffer& buffer, bool force);
  void reset_stream();
  // What was streamed stays in the transcript, marked as unfinished; nothing when nothing was. Made before
  // the write job, because ids belong to the loop.
  [[nodiscard]] std::optional<Message> interrupted_message();
  [[nodiscard]] Result<void> write_streamed(db::Transaction& t, std::optional<Message>& message);
  // How the attempt that streams at present ended; its price is looked up here, on the loop.
  [[nodiscard]] ModelEnd end_of_attempt(trace::CallOutcome outcome, std::optional<Error> error);
  [[nodiscard]] Result<void> write_call_end(db::Transaction& t, const ModelEnd& end);
  [[nodiscard]] Message answer_message(const StepId& step, PartState state);
  [[nodiscard]] std::vector<Step> plan_tool_steps();

  // A model without a known price under a budget (turn_run_price.cpp).
  [[nodiscard]] async::Task<Flow> settle_price();
  [[nodiscard]] async::Task<Flow> ask_about_price(std::string model);
  [[nodiscard]] async::Task<Flow> note_granted_price(std::string model, std::string grant);
  [[nodiscard]] async::Task<Result<void>> put_price_question(Step& step, bool is_new, std::string model);
  [[nodiscard]] async::Task<Result<void>> write_price_answer(Step& step, trust::Approval answer,
                                                             std::string model);
  [[nodiscard]] Result<void> write_price_allowed(db::Transaction& t, Step& step, const std::string& model);
  [[nodiscard]] trust::CallFacts facts_of_price(const std::string& model) const;
  [[nodiscard]] trust::Approval question_about_price(const Step& step, const std::string& model);
  [[nodiscard]] std::string grant_for_unpriced(const std::string& model) const;  // its id, or empty
  [[nodiscard]] Step* find_price_step(const std::string& arguments, StepState state);
  [[nodiscard]] Step& add_price_step(const std::string& model);
  // What the model takes and writes at once (turn_run_fit.cpp).
  [[nodiscard]] Result<void> fit_request(models::ModelRequest& request);
  void fit_output(models::ModelRequest& request) const;
  [[nodiscard]] bool goes_on() const;  // the answer was cut at its limit, and more of it was wanted
  [[nodiscard]] async::Task<Result<void>> end_part(Step& step);
  [[nodiscard]] async::Task<Flow> drop_thoughts();
  [[nodiscard]] std::size_t written_bytes() const;  // of the answer, by the call that runs
  // That with its calls of tools, as tokens, where nobody else counted.
  [[nodiscard]] std::int64_t written_tokens() const;

  // Room in the context (turn_run_context.cpp).
  void set_budget();
  // The stand-in takes less than the chosen model: the conversation is squeezed for it, in this turn only.
  [[nodiscard]] bool is_cramped() const;
  void tell_left_out(std::int64_t messages);
  [[nodiscard]] Context make_context();
  [[nodiscard]] Context context_within(const ContextBudget& budget);
  [[nodiscard]] models::Usage corrected(std::int64_t estimated) const;  // as the input of a call
  [[nodiscard]] Context take_context();                                 // the one that make_room() left
  [[nodiscard]] async::Task<Flow> make_room();
  [[nodiscard]] bool should_remind(const Context& context) const;
  // The model takes little more, or what is read of the session at once soon lacks its beginning.
  [[nodiscard]] bool needs_summary(const Context& context) const;
  [[nodiscard]] async::Task<Flow> warn(const Context& context);
  [[nodiscard]] async::Task<Flow> fail_too_long(const Context& context);
  [[nodiscard]] async::Task<Flow> compact(std::int64_t want, std::int64_t tokens_before, bool manual);
  [[nodiscard]] Step& add_compaction_step();
  [[nodiscard]] async::Task<Result<std::string>> stream_summary(Step& step, models::ModelRequest request);
  // One that was cut, with more room. nullopt: that is not to be had.
  [[nodiscard]] async::Task<Result<std::optional<std::string>>> summarise_again(Step& step,
                                                                                models::ModelRequest request);
  [[nodiscard]] async::Task<Flow> end_compaction(Step& step, Cover& cover, const Result<std::string>& text,
                                                 std::int64_t tokens_before);
  // Inside the write job that ends its step. `text` empty: nobody could write it.
  [[nodiscard]] Result<void> write_summary(db::Transaction& t, Message& summary, Cover& cover,
                                           std::string_view text, std::int64_t tokens_before);
  [[nodiscard]] async::Task<Flow> too_long(Step& step, Error error);
  [[nodiscard]] async::Task<Flow> run_compaction_turn();
  [[nodiscard]] Step* find_interrupted_compaction();
  [[nodiscard]] Result<void> save_context_state(db::Transaction& t);

  // Tool steps.
  [[nodiscard]] async::Task<Flow> run_open_tool_steps();
  [[nodiscard]] async::Task<Flow> run_tool_step(Step& step, bool was_started);
  [[nodiscard]] tools::GateCall gate_call(const Step& step) const;
  // Calls that come one after the other and all ask are asked about together.
  [[nodiscard]] async::Task<Flow> ask_as_plan();
  [[nodiscard]] async::Task<Result<void>> note_waiting();
  [[nodiscard]] bool is_looping() const;
  // A turn that waits for a person takes no slot from turns that could work.
  void wait_for_a_person(bool waits);
  [[nodiscard]] std::string render_call(const Step& step) const;

  // The caller's own tools (turn_run_client.cpp).
  [[nodiscard]] bool offers_own_tools() const;
  void apply_options(Context& context) const;
  [[nodiscard]] async::Task<Result<void>> load_attachments(models::ModelRequest& request);
  // Calls to them that this turn has made. They end it once nothing else of it is open.
  void find_client_calls();
  [[nodiscard]] async::Task<Flow> end_with_client_calls();
  [[nodiscard]] json::array client_calls_json() const;

  // What it may use at most (turn_run_limits.cpp).
  [[nodiscard]] NoteFor note_for() const;
  // A sub-agent that waits for others: false while one of them is at work. Their answers become part of what
  // it is told. (turn_run_after.cpp)
  [[nodiscard]] async::Task<Result<bool>> collect_others();
  void apply_limits();
  [[nodiscard]] bool may_use(std::string_view tool) const;
  [[nodiscard]] int max_steps() const;
  // A sub-agent's slice is its children's too: looks up what they take of it. Before each of the two below.
  [[nodiscard]] async::Task<Result<void>> note_use();
  [[nodiscard]] std::string why_no_more_calls(const Step& step) const;  // empty: it may be made
  [[nodiscard]] Result<void> fit_tokens(models::ModelRequest& request, std::int64_t input) const;

  // Ends. Each is one commit with its outbox row and terminal event.
  [[nodiscard]] Result<void> write_end(db::Transaction& t, TurnState state, const std::string& text,
                                       const MessageId& message);
  [[nodiscard]] async::Task<Flow> fail_turn(std::string code, std::string detail);
  [[nodiscard]] async::Task<Flow> cancel_turn();
  // Cancelled by the daemon that goes down and not by a person: everything stays as it is for the next start.
  [[nodiscard]] bool is_put_off() const;
  // By the panic button: what was cut is not called cancelled when nobody can tell what came of it.
  [[nodiscard]] bool is_stopped() const { return engine_.stopped_.contains(open_.turn); }
  // Its work took longer than it may, and nobody else ends it. What was cut then is treated as by the panic
  // button; a turn of which nothing is unknown fails.
  [[nodiscard]] bool is_out_of_time() const {
    return engine_.out_of_time_.contains(open_.turn) && !engine_.cancelled_.contains(open_.turn);
  }
  [[nodiscard]] std::string why_out_of_time() const;
  [[nodiscard]] Step* find_unsettled_tool_step();
  [[nodiscard]] async::Task<Flow> needs_attention(Step& step, std::string detail,
                                                  std::string actor = "recovery");
  [[nodiscard]] async::Task<Flow> stopped_by_storage(const Error& error);
  [[nodiscard]] Result<std::uint64_t> append_event(db::Transaction& t, std::string name,
                                                   json::object payload);
  [[nodiscard]] Result<void> emit(db::Transaction& t, std::string name, json::object payload);

  [[nodiscard]] const TurnEngine::Parts& parts() const { return engine_.parts_; }
  [[nodiscard]] WallTime now() const { return engine_.parts_.loop.clock().wall(); }
  [[nodiscard]] const std::string& model_name() const;    // who answers at present
  [[nodiscard]] const std::string& chosen_model() const;  // before another one had to stand in
  [[nodiscard]] std::string_view route() const;           // who chose model_name(), for the trace
  // Which model the turn fails for, before it ends.
  void note_failure();
  // With the one that cut this start, if one did. A clean stop, a failing store and a cut connection are
  // none.
  [[nodiscard]] int crashes_of(const Step& step) const;
  [[nodiscard]] Step* find_interrupted_model_step();

  TurnEngine& engine_;
  OpenTurn open_;
  std::shared_ptr<TurnAhead> ahead_;
  Duration turn_timeout_;
  WorkClock clock_;
  // Replaced while no job runs and no earlier, because write jobs read it on another thread.
  std::string default_model_;
  Turn turn_;
  Session session_;
  std::vector<Step> steps_;
  std::vector<Message> history_;
  WorkspaceOpener::Opened workspace_;
  std::shared_ptr<const trust::Layer> approve_;
  AgentProfile profile_;
  bool has_profile_ = true;
  std::optional<SubAgent> sub_agent_;  // this session is one
  RunLimits limits_;
  bool counts_tool_calls_ = false;
  SliceUse use_;                                        // of a sub-agent's slice, when it was last looked up
  std::shared_ptr<const tools::ToolLists> only_tools_;  // null: every tool
  PromptNote note_;
  trust::Labels context_labels_;
  std::vector<models::ToolCall> client_calls_;
  TurnTrace trace_;
  Failover failover_;
  std::string stand_in_;              // answers instead of the chosen model, for the rest of the turn
  std::string told_left_out_;         // which stand-in it was told of that it is not shown all
  std::vector<std::string> notices_;  // for the next message of the transcript
  // Those of who answers instead, or what the answer waited for.
  std::vector<std::string> answering_notices_;
  // Of the models that were asked the one that may be back first; and how often it was waited since the last
  // answer.
  std::optional<Awaited> awaited_;
  int pauses_ = 0;
  async::WaitList later_;
  std::shared_ptr<models::AttemptFacts> attempt_;  // what the server said to the last one
  bool was_sent_ = false;             // the attempt reached the models: what failed was one of them
  std::optional<Error> store_error_;  // met on the way to another attempt: it ends this run
  bool start_written_ = false;
  int model_steps_ = 0;

  ContextBudget budget_;
  EstimateCache estimates_;
  bool limit_is_known_ = false;
  std::int64_t reduced_limit_ = 0;  // after a provider said that it was too long
  bool warned_ = false;
  ContextState context_state_;
  std::vector<Pin> pins_;
  std::set<TurnId> open_turns_;  // of the session, others that are not over
  std::int64_t unread_ = 0;      // messages of earlier turns that are more than what is read at once
  std::int64_t unread_to_ = 0;   // HistoryRead::unread_to
  std::size_t around_ = 0;       // bytes that the rows had around what they say, when they were read
  std::optional<Context> prepared_;
  std::string room_for_;  // who had room at the last look: an answer that was begun needs no other

  // The answer that streams at present.
  StepId streaming_step_;
  DeltaBuffer text_, reasoning_;
  std::vector<models::ToolCall> calls_;
  models::Usage usage_;
  models::Usage estimate_;  // of its input
  std::string finish_model_;
  models::FinishReason finish_ = models::FinishReason::kStop;
  models::ProviderData provider_data_;
  OutputPlan output_;
  int part_ = 0;                    // of the answer, that is asked for
  std::size_t said_before_ = 0;     // bytes of the parts before
  std::string unseen_;              // of a summary, so far: nobody sees it stream
  bool reminds_ = false;            // that the conversation is about to be summarised
  bool told_tools_ = false;         // that some were left out
  std::optional<Message> partial_;  // the row that holds what was streamed so far
  MonotonicTime last_partial_{};
};

}  // namespace pryx::agent
