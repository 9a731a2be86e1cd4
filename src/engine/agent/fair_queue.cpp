// SPDX-License-Identifier: MIT
#include "engine/agent/fair_queue.h"

#include <algorithm>

namespace pryx::agent {

void FairQueue::line_up(const SessionId& session) {
  const auto found = by_session_.find(session);
  if (found == by_session_.end() || busy_.contains(session) || !lined_up_.insert(session).second) return;
  lines_[static_cast<std::size_t>(found->second.front().priority)].push_back(session);
}

void FairQueue::push(const OpenTurn& turn) {
  by_session_[turn.session].push_back(turn);
  ++waiting_;
  line_up(turn.session);
}

std::optional<OpenTurn> FairQueue::take_from(std::deque<SessionId>& line) {
  if (line.empty()) return std::nullopt;
  const SessionId session = std::move(line.front());
  line.pop_front();
  lined_up_.erase(session);
  const auto found = by_session_.find(session);
  OpenTurn turn = std::move(found->second.front());
  found->second.pop_front();
  if (found->second.empty()) by_session_.erase(found);
  busy_.insert(session);
  --waiting_;
  return turn;
}

std::optional<OpenTurn> FairQueue::pop() {
  if (busy_.size() - parked_.size() >= max_running_) return std::nullopt;
  std::size_t chosen = 0;
  while (chosen < kPriorities && lines_[chosen].empty()) ++chosen;
  if (chosen == kPriorities) return std::nullopt;
  for (std::size_t line = kPriorities - 1; line > chosen; --line) {
    if (lines_[line].empty() || passed_over_[line] < kPassedOver[line]) continue;
    chosen = line;
    break;
  }
  passed_over_[chosen] = 0;
  for (std::size_t line = chosen + 1; line < kPriorities; ++line)
    passed_over_[line] = lines_[line].empty() ? 0 : passed_over_[line] + 1;
  return take_from(lines_[chosen]);
}

void FairQueue::park(const SessionId& session) {
  if (busy_.contains(session)) parked_.insert(session);
}

void FairQueue::unpark(const SessionId& session) { parked_.erase(session); }

void FairQueue::finished(const SessionId& session) {
  parked_.erase(session);
  busy_.erase(session);
  line_up(session);
}

bool FairQueue::remove(const TurnId& turn) {
  for (auto& [session, turns] : by_session_) {
    const auto found =
        std::find_if(turns.begin(), turns.end(), [&](const OpenTurn& t) { return t.turn == turn; });
    if (found == turns.end()) continue;
    const SessionId of_session = session;
    turns.erase(found);
    --waiting_;
    // The session may have lost its first turn, and with it its place in the line of that priority.
    if (lined_up_.erase(of_session) > 0) {
      for (auto& line : lines_) std::erase(line, of_session);
    }
    if (turns.empty()) by_session_.erase(of_session);
    line_up(of_session);
    return true;
  }
  return false;
}

std::vector<OpenTurn> FairQueue::waiting_turns() const {
  std::vector<OpenTurn> out;
  out.reserve(waiting_);
  for (const auto& [session, turns] : by_session_) out.insert(out.end(), turns.begin(), turns.end());
  return out;
}

std::size_t FairQueue::waiting_in(const SessionId& session) const {
  const auto found = by_session_.find(session);
  return found == by_session_.end() ? 0 : found->second.size();
}

}  // namespace pryx::agent
