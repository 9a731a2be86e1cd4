// SPDX-License-Identifier: MIT
#include "engine/agent/heartbeat.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

Duration interval(const HeartbeatSettings& settings) {
  return settings.every > Duration::zero() ? settings.every : kHeartbeatEvery;
}

std::size_t count_chars(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// "<!-- … -->" out of a text; one that does not end hides the rest.
std::string without_comments(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t begin = text.find("<!--");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const std::size_t end = text.find("-->", begin);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 3);
  }
  return out;
}

}  // namespace

std::string_view to_text(HeartbeatDecision decision) {
  switch (decision) {
    case HeartbeatDecision::kOff:
      return "off";
    case HeartbeatDecision::kNotDue:
      return "not_due";
    case HeartbeatDecision::kBusy:
      return "busy";
    case HeartbeatDecision::kNothing:
      return "nothing";
    case HeartbeatDecision::kRun:
      return "run";
  }
  return "off";
}

bool asks_for_nothing(std::string_view heartbeat_file) {
  const std::string text = without_comments(heartbeat_file);
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line.starts_with('#') || line.starts_with("//")) continue;
    if (line == "-" || line == "*" || line == "+" || line == "- [ ]" || line == "---") continue;
    return false;
  }
  return true;
}

HeartbeatDecision decide_heartbeat(const HeartbeatFacts& facts, const HeartbeatSettings& settings,
                                   WallTime now) {
  if (!facts.file) return HeartbeatDecision::kOff;
  if (facts.last_at && now < *facts.last_at + interval(settings)) return HeartbeatDecision::kNotDue;
  if (asks_for_nothing(*facts.file)) return HeartbeatDecision::kNothing;
  const bool unchanged = facts.last_at && facts.last_was_ok && facts.last_hash == facts.file_hash;
  if (unchanged && !facts.active_since) return HeartbeatDecision::kNothing;
  return facts.is_busy ? HeartbeatDecision::kBusy : HeartbeatDecision::kRun;
}

WallTime next_heartbeat(const HeartbeatFacts& facts, const HeartbeatSettings& settings, WallTime now) {
  const HeartbeatDecision decision = decide_heartbeat(facts, settings, now);
  if (decision == HeartbeatDecision::kNotDue) return *facts.last_at + interval(settings);
  if (decision == HeartbeatDecision::kRun) return now;
  // A file that appears or changes is seen within a minute.
  return now + std::min<Duration>(interval(settings), std::chrono::minutes(1));
}

std::optional<std::string> heartbeat_message(std::string_view answer, std::size_t ack_max_chars) {
  answer = trim(answer);
  const std::size_t at = answer.find(kHeartbeatOk);
  if (at == std::string_view::npos) {
    if (answer.empty()) return std::nullopt;
    return std::string(answer);
  }
  // Only at an end is it the answer; in the middle of a sentence it is being talked about.
  const bool at_start = at == 0;
  const bool at_end = at + kHeartbeatOk.size() == answer.size();
  if (!at_start && !at_end) return std::string(answer);
  std::string rest(trim(answer.substr(0, at)));
  const std::string_view behind = trim(answer.substr(at + kHeartbeatOk.size()));
  if (!rest.empty() && !behind.empty()) rest += "\n";
  rest += behind;
  if (count_chars(rest) <= ack_max_chars) return std::nullopt;
  return rest;
}

std::string heartbeat_prompt(std::string_view file) {
  return fmt::format(
      "This is a heartbeat: nobody wrote to you. Do what {} asks for, as far as it is due, and nothing else. "
      "When nothing needs a person's attention, answer {} and nothing more.\n\n{}:\n{}",
      kHeartbeatFile, kHeartbeatOk, kHeartbeatFile, utf8_prefix(file, kMaxHeartbeatBytes));
}

}  // namespace pryx::agent
