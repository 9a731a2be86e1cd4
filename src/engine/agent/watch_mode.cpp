// SPDX-License-Identifier: MIT
#include "engine/agent/watch_mode.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

// Time stamps, counters and addresses differ from line to line; the finding is the same.
std::string without_numbers(std::string_view line) {
  std::string out;
  for (const char c : line) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && !out.empty() && out.back() == '0') continue;
    out += digit ? '0' : c;
  }
  return out;
}

Duration since(WallTime earlier, WallTime now) {
  return std::chrono::milliseconds(std::max<std::int64_t>(0, now.unix_ms - earlier.unix_ms));
}

}  // namespace

std::string_view to_text(WatchState state) {
  switch (state) {
    case WatchState::kIdle:
      return "idle";
    case WatchState::kMonitoring:
      return "monitoring";
    case WatchState::kAction:
      return "action";
    case WatchState::kError:
      return "error";
    case WatchState::kStopped:
      return "stopped";
  }
  return "idle";
}

std::optional<WatchCommand> parse_watch_command(std::string_view text) {
  using Verb = WatchCommand::Verb;
  text = trim(text);
  const std::string word = lower_ascii(text.substr(0, text.find(' ')));
  const std::string rest(text.find(' ') == std::string_view::npos ? std::string_view()
                                                                  : trim(text.substr(text.find(' '))));
  if (word == "fix") {
    if (rest.empty() || rest.size() > 16) return std::nullopt;
    return WatchCommand{Verb::kFix, rest};
  }
  if (!rest.empty()) return std::nullopt;
  if (word == "continue") return WatchCommand{Verb::kContinue, {}};
  if (word == "status") return WatchCommand{Verb::kStatus, {}};
  if (word == "stop") return WatchCommand{Verb::kStop, {}};
  return std::nullopt;
}

Watch::Watch(std::string name, WallTime now, WatchLimits limits)
    : name_(std::move(name)),
      limits_(std::move(limits)),
      started_(now),
      last_line_(now),
      last_summary_(now) {}

void Watch::become(WatchState state, std::string why, std::vector<WatchEvent>& out) {
  if (state == state_) return;
  out.push_back({WatchEvent::Kind::kState, state_, state, {}, std::move(why)});
  state_ = state;
}

void Watch::begin_summary(WallTime now) {
  last_summary_ = now;
  lines_since_ = 0;
  findings_since_ = 0;
}

std::vector<WatchEvent> Watch::line(std::string_view text, WallTime now) {
  std::vector<WatchEvent> out;
  if (is_over()) return out;
  last_line_ = now;
  ++lines_;
  ++lines_since_;
  last_text_ = to_valid_utf8(utf8_prefix(trim(text), limits_.max_line_bytes));
  const bool is_finding = std::ranges::any_of(limits_.patterns, [&](const std::string& pattern) {
    return !pattern.empty() && text.find(pattern) != std::string_view::npos;
  });
  if (!is_finding) {
    if (state_ == WatchState::kIdle) become(WatchState::kMonitoring, "it writes again", out);
    return out;
  }
  ++findings_since_;
  last_finding_ = now;
  const std::string shape = without_numbers(last_text_);
  const auto known = std::ranges::find_if(
      findings_, [&](const auto& item) { return without_numbers(item.second.line) == shape; });
  if (known != findings_.end()) {
    ++known->second.count;
    known->second.last_at = now;
    if (known->second.is_settled) return out;  // a person knows
    become(WatchState::kAction, fmt::format("{} came again", known->first), out);
    return out;
  }
  if (findings_.size() >= limits_.max_findings) {
    ++dropped_;
    become(WatchState::kAction, "more findings than are kept", out);
    return out;
  }
  const std::string id = fmt::format("f{}", next_finding_++);
  findings_[id] = {last_text_, 1, now, now, false};
  become(WatchState::kAction, fmt::format("{} was found", id), out);
  out.push_back({WatchEvent::Kind::kFinding, state_, state_, id, last_text_});
  return out;
}

std::vector<WatchEvent> Watch::tick(WallTime now) {
  std::vector<WatchEvent> out;
  if (is_over()) return out;
  if (state_ == WatchState::kAction && since(last_finding_, now) >= limits_.action_for)
    become(WatchState::kMonitoring, "nothing new was found", out);
  if (state_ == WatchState::kMonitoring && since(last_line_, now) >= limits_.idle_after)
    become(WatchState::kIdle, fmt::format("no line for {}", format_duration(limits_.idle_after)), out);
  if (since(last_summary_, now) >= limits_.summary_every) {
    if (lines_since_ > 0) out.push_back({WatchEvent::Kind::kSummary, state_, state_, {}, summary(now)});
    begin_summary(now);
  }
  return out;
}

std::vector<WatchEvent> Watch::ended(int exit_code, WallTime now) {
  std::vector<WatchEvent> out;
  if (is_over()) return out;
  has_ended_ = true;
  become(exit_code == 0 ? WatchState::kIdle : WatchState::kError,
         fmt::format("it ended with code {}", exit_code), out);
  out.push_back({WatchEvent::Kind::kSummary, state_, state_, {}, summary(now)});
  return out;
}

std::vector<WatchEvent> Watch::command(const WatchCommand& command, WallTime now) {
  using Verb = WatchCommand::Verb;
  std::vector<WatchEvent> out;
  if (command.verb == Verb::kStatus) {
    out.push_back({WatchEvent::Kind::kSummary, state_, state_, {}, summary(now)});
    return out;
  }
  if (state_ == WatchState::kStopped) return out;
  if (command.verb == Verb::kStop) {
    become(WatchState::kStopped, "a person stopped it", out);
    out.push_back({WatchEvent::Kind::kSummary, state_, state_, {}, summary(now)});
    return out;
  }
  if (command.verb == Verb::kContinue) {
    for (auto& [id, finding] : findings_) finding.is_settled = true;
    if (state_ == WatchState::kAction) become(WatchState::kMonitoring, "a person said continue", out);
    return out;
  }
  const auto found = findings_.find(command.finding);
  if (found == findings_.end()) return out;
  found->second.is_settled = true;
  out.push_back({WatchEvent::Kind::kFix, state_, state_, found->first, found->second.line});
  return out;
}

WallTime Watch::next_tick(WallTime now) const {
  Duration next = limits_.look_every;
  if (state_ == WatchState::kIdle) next = limits_.idle_after;
  if (state_ == WatchState::kAction) next = limits_.action_for;
  const Duration summary_in =
      limits_.summary_every - std::min(limits_.summary_every, since(last_summary_, now));
  return now + std::max<Duration>(std::min(next, summary_in), std::chrono::seconds(1));
}

std::string Watch::summary(WallTime now) const {
  std::string out =
      fmt::format("{}: {} since {}; {} lines, {} in the last {}", name_, to_text(state_),
                  to_rfc3339(started_), lines_, lines_since_, format_duration(since(last_summary_, now)));
  if (findings_.empty()) out += "; nothing was found";
  for (const auto& [id, finding] : findings_) {
    out +=
        fmt::format("\n{} {}x{}: {}", id, finding.count, finding.is_settled ? " (known)" : "", finding.line);
  }
  if (dropped_ > 0) out += fmt::format("\nand {} more that are not kept", dropped_);
  if (!last_text_.empty()) out += "\nlast line: " + last_text_;
  return out;
}

}  // namespace pryx::agent
