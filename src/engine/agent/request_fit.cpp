// SPDX-License-Identifier: MIT
#include "engine/agent/request_fit.h"

#include <algorithm>

#include "engine/agent/small_profile.h"

namespace pryx::agent {
namespace {

constexpr std::string_view kGoOn =
    "Your answer stopped at its length limit. Go on exactly where it ends; repeat nothing and introduce "
    "nothing.";
constexpr std::size_t kNamesShown = 5;
// Whether so full a context takes this much is for its provider to say.
constexpr std::int64_t kLeastOutput = 256;

}  // namespace

Result<std::vector<std::string>> fit_tools(models::ModelRequest& request, const models::ModelInfo& info,
                                           const TurnOptions& options) {
  std::vector<std::string> left_out;
  const std::size_t own_most = info.tools == false ? 0 : static_cast<std::size_t>(info.max_tools);
  const bool is_limited = info.tools == false || info.max_tools > 0;
  if (!is_limited || request.tools.size() <= own_most) return left_out;
  std::vector<models::ToolSpec> own, given;
  for (models::ToolSpec& tool : request.tools)
    (options.is_client_tool(tool.name) ? given : own).push_back(std::move(tool));
  if (given.size() > own_most) {
    if (info.tools == false)
      return fail(ErrorCode::kInvalidArgument,
                  "the model {} takes no tools; leave them out, or use another model", info.full_name());
    return fail(ErrorCode::kInvalidArgument, "the model {} takes {} tools at once, and the request has {}",
                info.full_name(), info.max_tools, given.size());
  }
  const std::size_t room = own_most - given.size();
  own = everyday_first(std::move(own));
  for (std::size_t i = room; i < own.size(); ++i) left_out.push_back(own[i].name);
  if (own.size() > room) own.resize(room);
  request.tools = std::move(own);
  for (models::ToolSpec& tool : given) request.tools.push_back(std::move(tool));
  return left_out;
}

std::string tools_notice(const std::vector<std::string>& left_out, const models::ModelInfo& info) {
  if (left_out.empty()) return {};
  if (info.tools == false)
    return fmt::format(
        "{} takes no tools: it answers without them. Choose another model for work with files, "
        "commands or the web.",
        info.full_name());
  std::string names;
  for (std::size_t i = 0; i < std::min(left_out.size(), kNamesShown); ++i)
    names += (i == 0 ? "" : ", ") + left_out[i];
  if (left_out.size() > kNamesShown) names += fmt::format(" and {} more", left_out.size() - kNamesShown);
  return fmt::format("{} takes {} tools at once; left out: {}. An agent with a list of tools chooses others.",
                     info.full_name(), info.max_tools, names);
}

std::int64_t OutputPlan::share(int part) const { return wanted / parts + (part < wanted % parts ? 1 : 0); }

OutputPlan plan_output(std::int64_t wanted, std::int64_t most_at_once) {
  OutputPlan plan{.wanted = wanted};
  if (wanted <= 0 || most_at_once <= 0 || wanted <= most_at_once) return plan;
  const std::int64_t parts = (wanted + most_at_once - 1) / most_at_once;
  plan.parts = static_cast<int>(std::min<std::int64_t>(parts, kMaxOutputParts));
  plan.wanted = std::min(wanted, most_at_once * plan.parts);
  return plan;
}

std::int64_t longest_output(const models::ModelInfo& info, std::int64_t input_tokens) {
  if (info.context_tokens <= 0) return info.max_output_tokens;
  const std::int64_t input = input_tokens + input_tokens / 10;  // it is an estimate
  const std::int64_t left = std::max(kLeastOutput, info.context_tokens - input);
  return info.max_output_tokens > 0 ? std::min(info.max_output_tokens, left) : left;
}

void ask_to_go_on(models::ModelRequest& request, std::string said) {
  request.messages.push_back({.role = models::ChatMessage::Role::kAssistant, .text = std::move(said)});
  request.messages.push_back({.role = models::ChatMessage::Role::kUser, .text = std::string(kGoOn)});
  if (request.tool_choice.mode != models::ToolChoice::Mode::kNone)
    request.tool_choice.mode = models::ToolChoice::Mode::kAuto;
}

}  // namespace pryx::agent
