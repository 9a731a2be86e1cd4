// SPDX-License-Identifier: MIT
#include "engine/agent/dispatcher.h"

#include <set>

namespace pryx::agent {

Dispatcher::Dispatcher(async::EventLoop& loop, db::Database& database, std::size_t max_running)
    : database_(database), queue_(max_running), group_(loop, "turns") {}
Dispatcher::~Dispatcher() = default;

async::Task<Result<void>> Dispatcher::start(TurnRunner& runner, bool paused) {
  runner_ = &runner;
  const auto open = co_await database_.read([](db::Connection& c) { return TurnStore::list_open(c); });
  if (!open) co_return std::unexpected(open.error());
  std::set<TurnId> known;
  for (const OpenTurn& turn : *open) {
    known.insert(turn.turn);
    queue_.push(turn);
  }
  // Behind the older ones of their sessions.
  for (const OpenTurn& turn : std::exchange(early_, {})) {
    if (!known.contains(turn.turn)) queue_.push(turn);
  }
  started_ = true;
  paused_ = paused;
  start_ready();
  co_return Result<void>{};
}

std::shared_ptr<TurnAhead> Dispatcher::look_ahead() const {
  const bool starts_at_once = started_ && !paused_ && !stopping_ && runner_ != nullptr && queue_.has_room();
  return starts_at_once ? runner_->look_ahead() : nullptr;
}

void Dispatcher::enqueue(const OpenTurn& turn, std::shared_ptr<TurnAhead> ahead) {
  if (stopping_) return;  // it is on disk; the next start finds it
  if (!started_) {
    early_.push_back(turn);
    return;
  }
  queue_.push(turn);
  if (ahead != nullptr) ahead_[turn.turn] = std::move(ahead);
  start_ready();
  if (!running_.contains(turn.turn)) ahead_.erase(turn.turn);
}

void Dispatcher::start_ready() {
  if (paused_ || stopping_ || runner_ == nullptr) return;
  for (auto turn = queue_.pop(); turn; turn = queue_.pop()) {
    const TurnId id = turn->turn;
    const OpenTurn row = *turn;
    running_[id] = {row, group_.spawn(id.str(), run_one(std::move(*turn)))};
  }
}

async::Task<void> Dispatcher::run_one(OpenTurn turn) {
  std::shared_ptr<TurnAhead> ahead;
  if (auto read = ahead_.extract(turn.turn)) ahead = std::move(read.mapped());
  co_await runner_->run_turn(turn, std::move(ahead));
  running_.erase(turn.turn);
  queue_.finished(turn.session);
  start_ready();
}

bool Dispatcher::cancel_running(const TurnId& turn) {
  const auto running = running_.find(turn);
  if (running == running_.end()) return false;
  group_.cancel(running->second.task);
  return true;
}

void Dispatcher::forget(const TurnId& turn) {
  if (!cancel_running(turn)) (void)queue_.remove(turn);
}

bool Dispatcher::hold(const TurnId& turn) {
  const auto early = std::erase_if(early_, [&](const OpenTurn& waiting) { return waiting.turn == turn; });
  return early > 0 || queue_.remove(turn);
}

std::vector<OpenTurn> Dispatcher::running_turns() const {
  std::vector<OpenTurn> out;
  out.reserve(running_.size());
  for (const auto& [id, running] : running_) out.push_back(running.turn);
  return out;
}

std::vector<OpenTurn> Dispatcher::waiting_turns() const {
  std::vector<OpenTurn> out = queue_.waiting_turns();
  out.insert(out.end(), early_.begin(), early_.end());
  return out;
}

void Dispatcher::park(const SessionId& session) {
  queue_.park(session);
  if (runner_ != nullptr) runner_->note_parked(session, true);
  start_ready();
}

void Dispatcher::unpark(const SessionId& session) {
  queue_.unpark(session);
  if (runner_ != nullptr) runner_->note_parked(session, false);
}

async::Task<void> Dispatcher::stop() {
  stopping_ = true;
  co_await group_.stop();
}

}  // namespace pryx::agent
