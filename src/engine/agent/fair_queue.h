// SPDX-License-Identifier: MIT
// Which turn may run next: one at a time per session, sessions in turn, the owner's before background ones
// and those before scheduled ones; a line that was passed over kPassedOver times is served, so that nobody
// starves. Pure data structure; no clock, no I/O.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "engine/agent/turn_store.h"

namespace pryx::agent {

class FairQueue {
 public:
  // By priority: how often others may go first while a turn of this line waits.
  static constexpr int kPassedOver[kPriorities] = {0, 8, 16};
  explicit FairQueue(std::size_t max_running) : max_running_(max_running) {}

  void push(const OpenTurn& turn);
  // The next turn to start, or nothing when all slots are taken or every waiting session is busy. Marks its
  // session busy.
  [[nodiscard]] std::optional<OpenTurn> pop();
  // The running turn of this session waits for a person, for minutes perhaps: others may use its slot. When
  // it goes on there may be more running than slots for a while.
  void park(const SessionId& session);
  void unpark(const SessionId& session);
  // Frees the slot. The session's next turn, if any, goes to the end of the line.
  void finished(const SessionId& session);
  // Takes a turn out that has not started. False when it is not waiting here.
  bool remove(const TurnId& turn);

  [[nodiscard]] std::size_t running() const { return busy_.size(); }
  // Whether a turn of a session with nothing else to do would start at once.
  [[nodiscard]] bool has_room() const {
    return waiting_ == 0 && busy_.size() < max_running_ + parked_.size();
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::size_t waiting_in(const SessionId& session) const;
  [[nodiscard]] std::vector<OpenTurn> waiting_turns() const;

 private:
  [[nodiscard]] std::optional<OpenTurn> take_from(std::deque<SessionId>& line);
  void line_up(const SessionId& session);

  std::size_t max_running_;
  std::map<SessionId, std::deque<OpenTurn>> by_session_;
  std::deque<SessionId> lines_[kPriorities];  // sessions with something to run and not busy, by the priority
                                              // of their first turn
  std::set<SessionId> lined_up_;
  std::set<SessionId> busy_;
  std::set<SessionId> parked_;  // of the busy ones
  std::size_t waiting_ = 0;
  int passed_over_[kPriorities] = {};
};

}  // namespace pryx::agent
