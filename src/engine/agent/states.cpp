// SPDX-License-Identifier: MIT
#include "engine/agent/states.h"

#include <array>
#include <span>

namespace pryx::agent {
namespace {

template <class State>
std::optional<State> from_text(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (to_text(static_cast<State>(i)) == text) return static_cast<State>(i);
  }
  return std::nullopt;
}

template <class State>
struct Arrow {
  State from, to;
};
template <class State>
bool has_arrow(std::span<const Arrow<State>> arrows, State from, State to) {
  for (const auto& arrow : arrows) {
    if (arrow.from == from && arrow.to == to) return true;
  }
  return false;
}

using T = TurnState;
constexpr Arrow<T> kTurn[] = {
    {T::kQueued, T::kRunning},        {T::kQueued, T::kCancelled},         {T::kQueued, T::kFailed},
    {T::kRunning, T::kWaiting},       {T::kRunning, T::kCompleted},        {T::kRunning, T::kFailed},
    {T::kRunning, T::kCancelled},     {T::kRunning, T::kNeedsAttention},   {T::kWaiting, T::kRunning},
    {T::kWaiting, T::kCancelled},     {T::kWaiting, T::kFailed},           {T::kWaiting, T::kNeedsAttention},
    {T::kNeedsAttention, T::kQueued}, {T::kNeedsAttention, T::kCancelled},
};
using S = StepState;
constexpr Arrow<S> kStep[] = {
    {S::kPlanned, S::kAwaitingApproval},
    {S::kPlanned, S::kDenied},
    {S::kPlanned, S::kStarted},
    {S::kPlanned, S::kFailed},
    {S::kPlanned, S::kCancelled},
    {S::kAwaitingApproval, S::kStarted},
    {S::kAwaitingApproval, S::kDenied},
    {S::kAwaitingApproval, S::kCancelled},
    {S::kAwaitingApproval, S::kFailed},  // after an upgrade its arguments do not fit the tool any more
    {S::kAwaitingApproval, S::kAwaitingApproval},  // what it depends on changed: asked anew
    {S::kStarted, S::kStarted},                    // a new attempt after a crash, or a wait for one
    {S::kStarted, S::kAwaitingApproval},           // the same, of what is not as it was approved
    {S::kUnknown, S::kAwaitingApproval},
    {S::kStarted, S::kDone},
    {S::kStarted, S::kFailed},
    {S::kStarted, S::kUnknown},
    {S::kStarted, S::kCancelled},
    {S::kUnknown, S::kStarted},  // a person says: retry
    {S::kUnknown, S::kDone},     // a person says: treat as done
    {S::kUnknown, S::kCancelled},
    // Another attempt after a crash that today's policy or schema refuses.
    {S::kStarted, S::kDenied},
    {S::kUnknown, S::kDenied},
    {S::kUnknown, S::kFailed},
};
using P = PartState;
constexpr Arrow<P> kPart[] = {{P::kStreaming, P::kComplete}, {P::kStreaming, P::kInterrupted}};
using O = OutboxState;
constexpr Arrow<O> kOutbox[] = {
    {O::kPending, O::kSending}, {O::kPending, O::kDelivered}, {O::kSending, O::kDelivered},
    {O::kSending, O::kFailed},  {O::kSending, O::kUnknown},   {O::kSending, O::kPending},
};

}  // namespace

std::string_view to_text(TurnState state) {
  static constexpr std::array<std::string_view, 7> kNames{
      "queued", "running", "waiting", "needs_attention", "completed", "failed", "cancelled"};
  return kNames.at(static_cast<std::size_t>(state));
}
std::string_view to_text(StepState state) {
  static constexpr std::array<std::string_view, 8> kNames{
      "planned", "awaiting_approval", "denied", "started", "done", "failed", "unknown", "cancelled"};
  return kNames.at(static_cast<std::size_t>(state));
}
std::string_view to_text(StepKind kind) {
  static constexpr std::array<std::string_view, 4> kNames{"model", "tool", "approval", "wait"};
  return kNames.at(static_cast<std::size_t>(kind));
}
std::string_view to_text(PartState state) {
  static constexpr std::array<std::string_view, 3> kNames{"streaming", "complete", "interrupted"};
  return kNames.at(static_cast<std::size_t>(state));
}
std::string_view to_text(OutboxState state) {
  static constexpr std::array<std::string_view, 5> kNames{"pending", "sending", "delivered", "failed",
                                                          "unknown"};
  return kNames.at(static_cast<std::size_t>(state));
}
std::optional<TurnState> turn_state_from_text(std::string_view text) { return from_text<TurnState>(text, 7); }
std::optional<StepState> step_state_from_text(std::string_view text) { return from_text<StepState>(text, 8); }
std::optional<StepKind> step_kind_from_text(std::string_view text) { return from_text<StepKind>(text, 4); }
std::optional<OutboxState> outbox_state_from_text(std::string_view text) {
  return from_text<OutboxState>(text, 5);
}

bool may_become(TurnState from, TurnState to) { return has_arrow<TurnState>(kTurn, from, to); }
bool may_become(StepState from, StepState to) { return has_arrow<StepState>(kStep, from, to); }
bool may_become(PartState from, PartState to) { return has_arrow<PartState>(kPart, from, to); }
bool may_become(OutboxState from, OutboxState to) { return has_arrow<OutboxState>(kOutbox, from, to); }

bool is_under_way(TurnState state) {
  return state == TurnState::kQueued || state == TurnState::kRunning || state == TurnState::kWaiting;
}

bool is_terminal(TurnState state) {
  return state == TurnState::kCompleted || state == TurnState::kFailed || state == TurnState::kCancelled;
}
bool is_terminal(StepState state) {
  return state == StepState::kDenied || state == StepState::kDone || state == StepState::kFailed ||
         state == StepState::kCancelled;
}

}  // namespace pryx::agent
