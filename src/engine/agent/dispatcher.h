// SPDX-License-Identifier: MIT
// Runs accepted turns: one at a time per session, many sessions in parallel, fairly. Owns the running turns;
// cancels them; goes on with unfinished ones after a restart. I/O thread only.
#pragma once
#include <functional>
#include <map>
#include <memory>

#include "engine/agent/fair_queue.h"
#include "foundation/async/task_group.h"

namespace pryx::agent {

class TurnAhead;

// What runs one turn to a named state. The turn engine in the daemon.
class TurnRunner {
 public:
  virtual ~TurnRunner() = default;
  // `ahead`: what was read of it when it was accepted; may be null.
  [[nodiscard]] virtual async::Task<void> run_turn(OpenTurn turn, std::shared_ptr<TurnAhead> ahead) = 0;
  [[nodiscard]] virtual std::shared_ptr<TurnAhead> look_ahead() const = 0;
  // The running turn of this session waits for somebody else, or goes on. Often more than once.
  virtual void note_parked(const SessionId& /*session*/, bool /*is_parked*/) {}
};

class Dispatcher {
 public:
  Dispatcher(async::EventLoop& loop, db::Database& database, std::size_t max_running = 64);
  ~Dispatcher();
  // Reads the open turns and starts. `paused` (safe mode): turns are accepted and queued, none runs.
  [[nodiscard]] async::Task<Result<void>> start(TurnRunner& runner, bool paused);
  // `ahead` is used when the turn starts at once, and dropped when it has to wait: it would be outdated.
  void enqueue(const OpenTurn& turn, std::shared_ptr<TurnAhead> ahead = nullptr);
  // For a turn that is about to be accepted; null unless one would probably start at once.
  [[nodiscard]] std::shared_ptr<TurnAhead> look_ahead() const;
  // Tells a running turn, which then ends by itself. False when it does not run.
  bool cancel_running(const TurnId& turn);
  // The turn was ended on disk: takes it out of the line; one that began to run meanwhile finds out by
  // itself.
  void forget(const TurnId& turn);
  // Takes a turn out of the line without touching its row: it does not begin. False when it is not waiting.
  bool hold(const TurnId& turn);
  [[nodiscard]] bool is_running(const TurnId& turn) const { return running_.contains(turn); }
  [[nodiscard]] std::vector<OpenTurn> running_turns() const;
  [[nodiscard]] std::vector<OpenTurn> waiting_turns() const;
  // The running turn of this session waits for a person, or goes on.
  void park(const SessionId& session);
  void unpark(const SessionId& session);
  [[nodiscard]] async::Task<void> stop();

  [[nodiscard]] std::size_t running() const { return queue_.running(); }
  [[nodiscard]] std::size_t queued() const { return queue_.waiting(); }
  [[nodiscard]] bool is_paused() const { return paused_; }
  [[nodiscard]] bool is_stopping() const { return stopping_; }

 private:
  void start_ready();
  [[nodiscard]] async::Task<void> run_one(OpenTurn turn);

  db::Database& database_;
  FairQueue queue_;
  async::TaskGroup group_;
  TurnRunner* runner_ = nullptr;
  std::map<TurnId, std::shared_ptr<TurnAhead>> ahead_;  // of turns that were started and begin from the loop
  std::vector<OpenTurn> early_;                         // accepted before start() had read the older ones
  bool started_ = false;
  bool paused_ = true;
  bool stopping_ = false;
  struct Running {
    OpenTurn turn;
    async::TaskGroup::TaskId task = 0;
  };
  std::map<TurnId, Running> running_;
};

}  // namespace pryx::agent
