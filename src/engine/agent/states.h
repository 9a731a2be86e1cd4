// SPDX-License-Identifier: MIT
// The named states of everything durable, and the pure tables of allowed transitions that the stores enforce.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace pryx::agent {

enum class TurnState : std::uint8_t {
  kQueued,
  kRunning,
  kWaiting,
  kNeedsAttention,
  kCompleted,
  kFailed,
  kCancelled
};
enum class StepState : std::uint8_t {
  kPlanned,
  kAwaitingApproval,
  kDenied,
  kStarted,
  kDone,
  kFailed,
  kUnknown,
  kCancelled
};
enum class StepKind : std::uint8_t { kModel, kTool, kApproval, kWait };
enum class PartState : std::uint8_t { kStreaming, kComplete, kInterrupted };
enum class OutboxState : std::uint8_t { kPending, kSending, kDelivered, kFailed, kUnknown };

[[nodiscard]] std::string_view to_text(TurnState state);
[[nodiscard]] std::string_view to_text(StepState state);
[[nodiscard]] std::string_view to_text(StepKind kind);
[[nodiscard]] std::string_view to_text(PartState state);
[[nodiscard]] std::string_view to_text(OutboxState state);
[[nodiscard]] std::optional<TurnState> turn_state_from_text(std::string_view text);
[[nodiscard]] std::optional<StepState> step_state_from_text(std::string_view text);
[[nodiscard]] std::optional<StepKind> step_kind_from_text(std::string_view text);
[[nodiscard]] std::optional<OutboxState> outbox_state_from_text(std::string_view text);

[[nodiscard]] bool may_become(TurnState from, TurnState to);
[[nodiscard]] bool may_become(StepState from, StepState to);
[[nodiscard]] bool may_become(PartState from, PartState to);
[[nodiscard]] bool may_become(OutboxState from, OutboxState to);

// Terminal states stay what they are. needs_attention is named but not terminal: a person resumes or cancels
// it.
[[nodiscard]] bool is_terminal(TurnState state);
[[nodiscard]] bool is_terminal(StepState state);
// Queued, running or waiting: it goes on by itself, or as soon as a person answers.
[[nodiscard]] bool is_under_way(TurnState state);

}  // namespace pryx::agent
