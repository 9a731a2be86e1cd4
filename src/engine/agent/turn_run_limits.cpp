// SPDX-License-Identifier: MIT
// What a run may use at most: the tools and limits of its agent and, for a sub-agent, of everything above it.
#include "engine/agent/turn_run.h"

namespace pryx::agent {
namespace {

constexpr std::int64_t kLeastAnswerTokens = 256;

template <class T>
T tighter(T a, T b) {
  if (a == 0) return b;
  return b == 0 ? a : std::min(a, b);
}

}  // namespace

void TurnRun::apply_limits() {
  if (parts().profiles != nullptr) {
    const auto found = parts().profiles->find(session_.agent);
    has_profile_ = found != nullptr;
    if (found != nullptr) profile_ = *found;
    if (!profile_.fallbacks.empty()) failover_ = Failover(profile_.fallbacks);
  }
  tools::ToolLists lists;
  limits_ = profile_.limits;
  counts_tool_calls_ = limits_.max_tool_calls > 0;
  if (sub_agent_) {
    lists = sub_agent_->tools;
    limits_.max_tokens = tighter(limits_.max_tokens, sub_agent_->max_tokens);
    limits_.max_tool_calls = counts_tool_calls_ ? std::min(limits_.max_tool_calls, sub_agent_->max_tool_calls)
                                                : sub_agent_->max_tool_calls;
    counts_tool_calls_ = true;
  }
  if (profile_.tools) lists.push_back(*profile_.tools);
  only_tools_.reset();
  if (!lists.empty()) only_tools_ = std::make_shared<const tools::ToolLists>(std::move(lists));
}

bool TurnRun::may_use(std::string_view tool) const {
  return only_tools_ == nullptr || tools::is_listed(*only_tools_, tool);
}

int TurnRun::max_steps() const { return tighter(engine_.limits_.max_steps, limits_.max_steps); }

async::Task<Result<void>> TurnRun::note_use() {
  if (!sub_agent_) co_return Result<void>{};
  PRYX_CO_TRY(use_, co_await parts().database.read([this](db::Connection& c) {
    return SubAgentStore::read_use(c, turn_.principal, turn_.id);
  }));
  co_return Result<void>{};
}

std::string TurnRun::why_no_more_calls(const Step& step) const {
  if (!counts_tool_calls_ || step.state != StepState::kPlanned) return {};
  int made = 0;
  for (const Step& other : steps_) {
    // One that was denied counts when an earlier attempt of it ran.
    const bool counts = other.kind == StepKind::kTool && other.id != step.id &&
                        other.state != StepState::kPlanned &&
                        (other.state != StepState::kDenied || other.started_at.has_value());
    made += counts ? 1 : 0;
  }
  if (made + use_.children_calls < limits_.max_tool_calls) return {};
  return fmt::format("the limit of {} tool calls is used up; answer with what you have",
                     limits_.max_tool_calls);
}

Result<void> TurnRun::fit_tokens(models::ModelRequest& request, std::int64_t input) const {
  if (limits_.max_tokens == 0) return {};
  const std::int64_t used = turn_.usage.input_tokens + turn_.usage.output_tokens;
  const std::int64_t left = limits_.max_tokens - used - use_.children_tokens - input;
  if (left < kLeastAnswerTokens)
    return fail(ErrorCode::kBudget,
                "the limit of {} tokens does not suffice for another answer: {} are used, {} are with its "
                "sub-agents, and {} would be read",
                limits_.max_tokens, used, use_.children_tokens, input);
  // A ceiling is no wish: nobody asked for an answer that long.
  std::int64_t most = request.max_output_tokens;
  if (most == 0) most = parts().models.describe(request.model).max_output_tokens;
  if (most == 0) most = kUsualLongestOutput;
  request.max_output_tokens = std::min(most, left);
  return {};
}

}  // namespace pryx::agent
