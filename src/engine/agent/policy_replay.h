// SPDX-License-Identifier: MIT
// What other rules would have said of the calls that were decided before. Each past call is decided again by
// the pure policy, from what its step and its turn keep: arguments, labels of its context, and the grant or
// --approve fragment it had. Nothing is run and nothing is recorded. Works in slices, so that the loop stays
// free. I/O thread only.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/tools/tool_gate.h"
#include "foundation/db/database.h"
#include "trust/principals/caller.h"

namespace pryx::agent {

inline constexpr int kMaxReplayDays = 90;
inline constexpr std::int64_t kMaxReplayPage = 500;

struct ReplayRequest {
  std::shared_ptr<const trust::Layer> draft;  // null: the rules in force
  int days = 7;
  std::int64_t limit = 100;  // of the changed calls in one answer
  std::string cursor;        // next_cursor of the answer before
};

// Why a call cannot be decided again.
enum class ReplayGap : std::uint8_t {
  kNoSuchTool,    // the tool is not there any more
  kArguments,     // its arguments do not fit the tool any more, or cannot be read
  kNotDecided,    // it ended before the policy was asked
  kOlderRelease,  // from before the policy's word was kept with the call
  kErased,        // its conversation was deleted: the audit log knows that it was, not what it was
};
inline constexpr std::size_t kReplayGaps = 5;
[[nodiscard]] std::string_view to_text(ReplayGap gap);
[[nodiscard]] std::string_view explain(ReplayGap gap);

struct ReplayChange {
  StepId step;
  TurnId turn;
  SessionId session;
  WallTime at;
  std::string tool;
  std::string call;  // one line for people
  trust::Verdict was = trust::Verdict::kDeny;
  std::string was_rule;
  trust::Decision becomes;
  [[nodiscard]] json::object to_json() const;
};

struct ReplayReport {
  WallTime from, to;
  std::int64_t replayed = 0;
  std::int64_t changed = 0;
  std::int64_t pairs[3][3] = {};  // [was][becomes], as trust::Verdict counts
  std::int64_t gaps[kReplayGaps] = {};
  bool truncated = false;  // there are more calls in this time than are looked at: the newest ones were
  std::vector<ReplayChange> items;
  std::string next_cursor;
  [[nodiscard]] json::object to_json() const;
};

struct ReplayParts {
  async::EventLoop& loop;
  db::Database& database;
  const tools::ToolGate& gate;
  std::int64_t max_calls = 100'000;
};

// kInvalidArgument: days, limit or cursor; kCancelled.
[[nodiscard]] async::Task<Result<ReplayReport>> replay_policy(ReplayParts parts, Caller caller,
                                                              ReplayRequest request);

}  // namespace pryx::agent
