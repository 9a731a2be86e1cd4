// SPDX-License-Identifier: MIT
// Runs one turn: model, tools behind the gate, model again, until an answer stands. Every step is committed
// before it starts and when it ends, so a turn can be picked up after any crash. Owned by apps/, driven by
// the dispatcher; I/O thread only.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>

#include "engine/agent/context.h"
#include "engine/agent/dispatcher.h"
#include "engine/agent/outbox.h"
#include "engine/agent/session_store.h"
#include "engine/models/model_router.h"
#include "engine/tools/tool_gate.h"
#include "trust/trace/recorder.h"

namespace pryx::agent {

// Large results, kept whole beside the database under their hash.
class ResultFiles {
 public:
  virtual ~ResultFiles() = default;
  [[nodiscard]] virtual async::Task<Result<std::string>> put(
      std::string text) = 0;  // durable; returns "sha256:…"
  [[nodiscard]] virtual async::Task<Result<std::string>> get(std::string ref) = 0;
};

// Opens the directory a session works in, makes private folders on first use, and reads AGENTS.md.
class WorkspaceOpener {
 public:
  virtual ~WorkspaceOpener() = default;
  struct Opened {
    std::shared_ptr<const platform::HeldDirectory> directory;  // null when it cannot be opened
    WorkspaceFacts facts;
    std::string chosen_folder;  // ToolContext::chosen_folder
  };
  [[nodiscard]] virtual async::Task<Opened> open(Session session) = 0;
};

struct EngineLimits {
  int max_steps = 50;                      // model calls in one turn
  int max_same_calls = 4;                  // the same call with the same arguments in a row: a loop
  std::int64_t thinking_budget = 100'000;  // tokens of kept reasoning; 0: no limit
  Duration
      turn_timeout{};  // of work in one run, waiting for a person or a sub-agent left out; zero: no limit
  // How long a turn waits for a model that cannot be reached, or asks for a longer pause than its retries
  // allow, before it fails; zero: it fails at once.
  Duration model_wait{};
  Duration partial_interval = std::chrono::milliseconds(500);  // how much streamed text a crash may cost
  // The control of the simulation: writes the outbox row in a transaction of its own, which loses replies.
  // Never set elsewhere.
  bool unsafe_split_outbox = false;
};

class TurnRun;

// How much of an answer a crash left in the transcript, as tokens: for trace::Recorder::start().
[[nodiscard]] Result<std::int64_t> streamed_tokens(db::Connection& c, const trace::OpenCall& call);

class TurnEngine final : public TurnRunner {
 public:
  struct Parts {
    async::EventLoop& loop;
    db::Database& database;
    events::EventLog& events;
    audit::AuditLog& audit;
    trust::Approvals& approvals;
    models::ModelRouter& models;
    tools::ToolGate& gate;
    ResultFiles& results;
    WorkspaceOpener& workspaces;
    Dispatcher& dispatcher;
    IdSource& ids;
    trace::Recorder& trace;
    std::string boot_id;
    std::string default_model;
    bool after_crash = true;                  // whether the daemon before this one ended without stopping
    const ProfileSource* profiles = nullptr;  // null: the built-in agent alone
    PromptNotes* notes = nullptr;             // may be null
  };
  TurnEngine(Parts parts, EngineLimits limits = {});
  ~TurnEngine() override;

  [[nodiscard]] async::Task<void> run_turn(OpenTurn turn, std::shared_ptr<TurnAhead> ahead) override;
  [[nodiscard]] std::shared_ptr<TurnAhead> look_ahead() const override;
  void note_parked(const SessionId& session, bool is_parked) override;
  enum class ResumeChoice : std::uint8_t { kRetry, kTreatAsDone, kAbandon };
  // For a step with an unknown outcome; kRetry also for one that waits for a model, which is then asked at
  // once. kConflict when the turn does not need attention.
  [[nodiscard]] async::Task<Result<void>> resume(Caller caller, TurnId turn, StepId step, ResumeChoice choice,
                                                 std::string result);
  // Cancels wherever it stands: queued, streaming, waiting for a person, needing attention; returns when its
  // end is on disk. kNotFound; kConflict when it ended already; kStorage when it was told but its end could
  // not be written yet.
  [[nodiscard]] async::Task<Result<void>> cancel(Caller caller, TurnId turn);
  // The panic button's part: tells a running turn at once, without waiting for anything. False when it does
  // not run.
  bool stop_running(const TurnId& turn);
  // Like cancel(), but a call with an effect that was cut while it ran is not passed off as cancelled: its
  // outcome is unknown, and the turn needs attention. Returns the state on disk; one that had ended, or
  // needed attention already, stays as it is.
  [[nodiscard]] async::Task<Result<TurnState>> stop(Caller caller, TurnId turn);
  void set_max_steps(int steps) { limits_.max_steps = steps; }
  // For turns that start from now on.
  void set_turn_timeout(Duration limit) { limits_.turn_timeout = limit; }
  void set_model_wait(Duration limit) { limits_.model_wait = limit; }
  void set_thinking_budget(std::int64_t tokens) { limits_.thinking_budget = tokens; }
  void set_default_model(std::string model) { parts_.default_model = std::move(model); }
  [[nodiscard]] const std::string& default_model() const { return parts_.default_model; }
  [[nodiscard]] const ProfileSource* profiles() const { return parts_.profiles; }
  // Where the bytes are kept that parts of messages refer to.
  [[nodiscard]] ResultFiles& results() { return parts_.results; }
  // Models that answer when the chosen one cannot, in this order; for turns that start from now on.
  void set_fallbacks(std::vector<std::string> models) { fallbacks_ = std::move(models); }
  // Text of a step that streams right now: {part, text} for GET /turns/{id}.
  [[nodiscard]] json::array partial_text(const TurnId& turn) const;

 private:
  friend class TurnRun;
  Parts parts_;
  EngineLimits limits_;
  std::vector<std::string> fallbacks_;
  std::map<TurnId, TurnRun*> active_;
  std::set<TurnId> retry_later_;  // the store failed under them
  std::set<TurnId> cancelled_;    // running ones, by a person and not by the daemon's stop
  std::set<TurnId> stopped_;      // of those, by stop()
  std::set<TurnId> out_of_time_;  // running ones that were told to end
  async::WaitList ended_;
  [[nodiscard]] async::Task<Result<void>> wait_until_ended(TurnId turn);
  void note_out_of_time(const TurnId& turn);
  [[nodiscard]] async::Task<void> pause_for_storage();
  [[nodiscard]] async::Task<Result<bool>> cancel_at_rest(Caller caller, Turn seen);
  [[nodiscard]] async::Task<void> write_outbox_apart(const Turn& turn);
};

}  // namespace pryx::agent
