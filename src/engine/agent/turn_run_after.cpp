// SPDX-License-Identifier: MIT
// A sub-agent that waits for others: it begins when they are over, with their answers, and not at all when
// one of them did not succeed. Whoever follows the ends of turns looks again (SubAgents::wake_waiting).
#include <algorithm>

#include "engine/agent/subagents/sub_agents.h"
#include "engine/agent/turn_run.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

constexpr std::size_t kMaxAnswerBytes = 24'000;  // of one of them; the whole one is in its session

std::string told(const SubAgentResult& result) {
  const std::string_view task = split(result.agent.task, '\n').front();
  const std::string_view text = utf8_prefix(result.text, kMaxAnswerBytes);
  return fmt::format("Answer of {} to \"{}\"{}:\n{}\n\n", result.agent.id.str(), utf8_prefix(task, 200),
                     text.size() < result.text.size() ? ", cut" : "", text);
}

}  // namespace

async::Task<Result<bool>> TurnRun::collect_others() {
  // Once it began, what it was told is in its history.
  if (!sub_agent_ || sub_agent_->after.empty() || turn_.starts > 0) co_return true;
  PRYX_CO_TRY(const auto others, co_await parts().database.read(
                                     [this](db::Connection& c) -> Result<std::vector<SubAgentResult>> {
                                       std::vector<SubAgentResult> found;
                                       for (const SessionId& id : sub_agent_->after) {
                                         PRYX_TRY(auto other, SubAgentStore::find(c, open_.principal, id));
                                         if (!other) continue;  // deleted since; it cannot be waited for
                                         PRYX_TRY(auto result, read_result(c, std::move(*other)));
                                         found.push_back(std::move(result));
                                       }
                                       return found;
                                     }));
  for (const SubAgentResult& other : others) {
    if (!other.agent.is_over()) co_return false;
  }
  const auto bad = std::ranges::find_if(
      others, [](const SubAgentResult& other) { return other.agent.turn_state != TurnState::kCompleted; });
  if (bad != others.end() || others.size() < sub_agent_->after.size()) {
    const std::string which = bad == others.end() ? "one that it waits for" : bad->agent.id.str();
    const std::string_view how = bad == others.end() ? "deleted" : bad->agent.state();
    co_await fail_turn("dependency_failed",
                       fmt::format("{} was to be over first and is {}; start both again", which, how));
    co_return false;
  }
  Message message{.principal = turn_.principal,
                  .session = turn_.session,
                  .id = parts().ids.make<MessageId>(),
                  .role = Role::kUser,
                  .turn = turn_.id,
                  .created_at = now()};
  Part part;
  part.text = "What the tasks before this one came to:\n\n";
  part.labels = trust::Labels{"model"};
  for (const SubAgentResult& other : others) {
    part.text += told(other);
    part.labels.join(other.labels);
  }
  message.parts.push_back(std::move(part));
  PRYX_CO_TRY_VOID(co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    return SessionStore::insert_message(t.db(), message);
  }));
  history_.push_back(std::move(message));
  co_return true;
}

}  // namespace pryx::agent
