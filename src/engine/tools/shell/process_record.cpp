// SPDX-License-Identifier: MIT
#include "engine/tools/shell/process_record.h"

#include <array>
#include <utility>

#include "foundation/platform/subprocess.h"

namespace pryx::tools::shell {
namespace {

template <class Kind, std::size_t kCount>
using Names = std::array<std::pair<Kind, std::string_view>, kCount>;

constexpr Names<ProcessScope, 2> kScopes{
    {{ProcessScope::kSession, "session"}, {ProcessScope::kGlobal, "global"}}};
constexpr Names<ProcessMode, 3> kModes{{{ProcessMode::kPumpDump, "pump-dump"},
                                        {ProcessMode::kStreaming, "streaming"},
                                        {ProcessMode::kHybrid, "hybrid"}}};
constexpr Names<ProcessState, 5> kStates{{{ProcessState::kRunning, "running"},
                                          {ProcessState::kExited, "exited"},
                                          {ProcessState::kKilled, "killed"},
                                          {ProcessState::kFailed, "failed"},
                                          {ProcessState::kLost, "lost"}}};

template <class Kind, std::size_t kCount>
std::string_view name_of(const Names<Kind, kCount>& names, Kind kind) {
  for (const auto& [value, name] : names) {
    if (value == kind) return name;
  }
  return names.front().second;
}

template <class Kind, std::size_t kCount>
std::optional<Kind> find_by_name(const Names<Kind, kCount>& names, std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

json::value number_or_null(const std::optional<int>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

}  // namespace

std::string_view to_text(ProcessScope scope) { return name_of(kScopes, scope); }
std::string_view to_text(ProcessMode mode) { return name_of(kModes, mode); }
std::string_view to_text(ProcessState state) { return name_of(kStates, state); }
std::optional<ProcessScope> process_scope_from_text(std::string_view text) {
  return find_by_name(kScopes, text);
}
std::optional<ProcessMode> process_mode_from_text(std::string_view text) {
  return find_by_name(kModes, text);
}
std::optional<ProcessState> process_state_from_text(std::string_view text) {
  return find_by_name(kStates, text);
}

bool may_become(ProcessState from, ProcessState to) {
  return from == ProcessState::kRunning && to != ProcessState::kRunning;
}

json::object ProcessRecord::to_json() const {
  json::array allowed;
  for (const std::string& host : hosts) allowed.emplace_back(host);
  return {{"id", id.str()},
          {"session_id", session.empty() ? json::value(nullptr) : json::value(session.str())},
          {"scope", to_text(scope)},
          {"mode", to_text(mode)},
          {"tag", tag},
          {"command", command},
          {"cwd", cwd},
          {"hosts", std::move(allowed)},
          {"state", to_text(state)},
          {"exit_code", number_or_null(exit_code)},
          {"signal", number_or_null(signal)},
          {"reason", reason},
          {"started_at", to_rfc3339(started_at)},
          {"ended_at", ended_at ? json::value(to_rfc3339(*ended_at)) : json::value(nullptr)}};
}

json::object ProcessView::to_json() const {
  json::object out = record.to_json();
  json::array shown;
  for (const OutputLine& line : lines) {
    shown.push_back(json::object{{"number", line.number},
                                 {"stream", to_text(line.stream)},
                                 {"text", line.text},
                                 {"complete", line.is_complete}});
  }
  out["lines"] = std::move(shown);
  out["total_lines"] = total_lines;
  out["total_bytes"] = total_bytes;
  return out;
}

std::string describe_exit(const platform::ExitStatus& status) {
  // The sandbox passes on a signal that ended its command as shells do.
  const int passed_on = status.code - 128;
  if (status.signal != 0 || passed_on < 1 || passed_on > 64) return status.describe();
  return fmt::format("exit code {}, as of {}", status.code, platform::ExitStatus{-1, passed_on}.describe());
}

std::string describe_state(const ProcessRecord& record) {
  std::string out(to_text(record.state));
  if (record.exit_code) out = describe_exit({*record.exit_code, 0});
  if (record.signal) out = describe_exit({-1, *record.signal});
  if (!record.reason.empty()) out += ", " + record.reason;
  return out;
}

}  // namespace pryx::tools::shell
