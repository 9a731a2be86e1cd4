// SPDX-License-Identifier: MIT
#include "engine/models/chat_quirks.h"

#include <algorithm>
#include <array>

namespace pryx::models {
namespace {

using Effort = ChatQuirks::Effort;
using Thoughts = ChatQuirks::Thoughts;

constexpr auto kQuirks = std::to_array<ChatQuirks>({
    {.vendor = "openrouter", .effort = Effort::kObject, .thoughts = Thoughts::kDetails},
    {.vendor = "mistral",
     .effort = Effort::kUnknown,
     .stream_options = false,
     .seed = "random_seed",
     .call_id_length = 9},
    {.vendor = "deepseek", .effort = Effort::kSwitch, .thoughts = Thoughts::kText},
    {.vendor = "glm", .effort = Effort::kSwitch},
    {.vendor = "moonshot", .effort = Effort::kSwitch, .thoughts = Thoughts::kText},
    {.vendor = "cohere", .effort = Effort::kNoneOrHigh},
    {.vendor = "xai", .penalties = false},
});
constexpr ChatQuirks kUsual{};

void say_effort(Effort form, ReasoningEffort effort, json::object& body) {
  body.erase("reasoning_effort");
  const bool off = effort == ReasoningEffort::kNone;
  if (form == Effort::kObject) body["reasoning"] = json::object{{"effort", to_text(effort)}};
  if (form == Effort::kSwitch) body["thinking"] = json::object{{"type", off ? "disabled" : "enabled"}};
  if (form == Effort::kNoneOrHigh) body["reasoning_effort"] = off ? "none" : "high";
}

}  // namespace

const ChatQuirks& quirks_of(std::string_view vendor) {
  const auto found = std::ranges::find(kQuirks, vendor, &ChatQuirks::vendor);
  return found == kQuirks.end() ? kUsual : *found;
}

Result<void> apply_quirks(const ChatQuirks& quirks, const ModelRequest& request, json::object& body) {
  if (request.reasoning != ReasoningEffort::kDefault && quirks.effort != Effort::kField)
    say_effort(quirks.effort, request.reasoning, body);
  if (!quirks.stream_options) body.erase("stream_options");
  if (quirks.seed != "seed" && request.sampling.seed) {
    body.erase("seed");
    body[quirks.seed] = *request.sampling.seed;
  }
  if (!quirks.penalties && (request.sampling.presence_penalty || request.sampling.frequency_penalty))
    return fail(ErrorCode::kInvalidArgument, "{} takes no presence or frequency penalty", quirks.vendor);
  return {};
}

}  // namespace pryx::models
