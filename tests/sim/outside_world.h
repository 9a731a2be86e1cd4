// SPDX-License-Identifier: MIT
// OutsideWorld: what is there whether or not the daemon lives. It remembers every effect that tools had,
// every start of a tool and every model request, and it holds the plan of how the daemon dies: at the n-th
// operation of the disk, of the network, or of a tool.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/db/testing/simulated_disk.h"
#include "tests/sim/support.h"

namespace pryx::sim {

struct Effect {
  std::string tool;
  StepId step;
  TurnId turn;
  std::string key;
  std::int64_t n = 0;  // of the arguments
  std::int64_t at_ms = 0;
};

struct ToolStart {
  StepId step;
  std::int64_t at_ms = 0;
};

struct ModelRequestSeen {
  std::string key;  // the step's id
  std::int64_t at_ms = 0;
};

class OutsideWorld {
 public:
  OutsideWorld(const Clock& clock, db::testing::SimulatedDisk& disk, Trace& trace)
      : clock_(clock), disk_(disk), trace_(trace) {}

  // The daemon's process and its disk die together: an operation of either kills both.
  [[nodiscard]] bool daemon_is_alive() const { return !disk_.is_dead(); }
  enum class Point : std::uint8_t { kNetwork, kTool };
  void die_at(Point point, std::uint64_t n) {
    point_ = point;
    left_ = n;
  }
  void forget_death() { left_ = 0; }
  // A place where the daemon may die. False when it just did, or was dead before.
  [[nodiscard]] bool pass(Point point) {
    if (left_ > 0 && point == point_ && --left_ == 0) {
      trace_.note("dies at a {} step", point == Point::kNetwork ? "network" : "tool");
      disk_.die();
    }
    return daemon_is_alive();
  }

  void add_effect(Effect effect) {
    effect.at_ms = now_ms();
    trace_.note("effect {} {} n={}", effect.tool, effect.step.str(), effect.n);
    effects.push_back(std::move(effect));
  }
  [[nodiscard]] bool has_effect(const std::string& key) const {
    for (const Effect& effect : effects) {
      if (effect.key == key) return true;
    }
    return false;
  }
  void violate(std::string what) {
    trace_.note("VIOLATION {}", what);
    violations.push_back(std::move(what));
  }
  [[nodiscard]] std::int64_t now_ms() const { return clock_.wall().unix_ms; }
  [[nodiscard]] Trace& trace() { return trace_; }

  // A place that the simulation wants to have been in: a rule that was never put to the test proves nothing.
  void reach(std::string_view place) { ++reached[std::string(place)]; }
  std::map<std::string, std::uint64_t> reached;

  std::vector<Effect> effects;
  std::vector<ToolStart> tool_starts;
  std::vector<ModelRequestSeen> requests;
  int open_responses = 0;
  int running_tools = 0;
  int unrecorded_effects = 0;  // tools that took effect and did not return yet
  std::vector<std::string> violations;
  std::map<std::string, std::string> result_files;

  // What people asked for, noted before they asked: a lost answer leaves it open whether it counted.
  std::map<StepId, int> retries_asked;
  std::set<TurnId> ends_asked;                      // cancelled or abandoned
  std::map<TurnId, std::int64_t> cancelled_ms;      // and were told that it is done
  std::map<SessionId, std::uint64_t> acknowledged;  // highest version; an empty session stands for all
  std::set<TurnId> turns_acknowledged;
  std::set<ApprovalId> denied, approved;
  // In nano-USD; nullopt: as much as the parent. What they were told the id of, that is.
  std::map<SessionId, std::optional<std::int64_t>> spawned_by_hand;
  std::map<TurnId, std::int64_t> limits_of_turns;
  std::uint64_t disk_faults = 0;
  std::int64_t last_disk_fault_ms = 0;
  std::vector<std::int64_t> disk_fault_times;  // in order, in ms
  std::vector<std::int64_t> starts;            // of daemons, likewise

 private:
  const Clock& clock_;
  db::testing::SimulatedDisk& disk_;
  Trace& trace_;
  Point point_ = Point::kNetwork;
  std::uint64_t left_ = 0;
};

}  // namespace pryx::sim
