// SPDX-License-Identifier: MIT
#include "agent_health.h"

#include <algorithm>

namespace pryx::app {

std::optional<server::Component> describe_agent(std::string_view id,
                                                const std::vector<agent::ProfileProblem>& problems) {
  if (problems.empty()) return std::nullopt;
  // What keeps a file out of force comes before what only has no effect.
  const auto worst = std::ranges::find(problems, false, &agent::ProfileProblem::is_warning);
  const agent::ProfileProblem& told = worst == problems.end() ? problems.front() : *worst;
  const std::string more = problems.size() > 1 ? fmt::format(", and {} more", problems.size() - 1) : "";
  return server::Component{
      .name = fmt::format("agent: {}", id),
      .state = "degraded",
      .required = false,
      .detail = fmt::format("{}.yaml, {}{}; run `pryx agent show {}`", id, told.to_text(), more, id),
      .version = {}};
}

}  // namespace pryx::app
