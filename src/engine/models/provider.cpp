// SPDX-License-Identifier: MIT
#include "engine/models/provider.h"

#include <algorithm>

namespace pryx::models {
namespace {

constexpr std::pair<ReasoningEffort, std::string_view> kEfforts[] = {
    {ReasoningEffort::kDefault, "default"}, {ReasoningEffort::kNone, "none"},
    {ReasoningEffort::kMinimal, "minimal"}, {ReasoningEffort::kLow, "low"},
    {ReasoningEffort::kMedium, "medium"},   {ReasoningEffort::kHigh, "high"},
};

// The text may have been shortened since the attachment was placed: never inside a code point.
std::size_t boundary_at(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  while (at < text.size() && at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

std::string_view to_text(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kToolCalls:
      return "tool_calls";
    case FinishReason::kContentFilter:
      return "content_filter";
  }
  return "unknown";
}

std::string_view to_text(ReasoningEffort effort) {
  for (const auto& [value, name] : kEfforts) {
    if (value == effort) return name;
  }
  return "default";
}

std::optional<ReasoningEffort> reasoning_effort_from_text(std::string_view text) {
  for (const auto& [value, name] : kEfforts) {
    if (name == text) return value;
  }
  return std::nullopt;
}

std::vector<ContentPart> content_parts(const ChatMessage& message) {
  std::vector<ContentPart> out;
  const std::string_view text = message.text;
  std::size_t done = 0;
  for (const Attachment& attachment : message.attachments) {
    const std::size_t at = std::max(done, boundary_at(text, attachment.text_at));
    if (at > done) out.push_back({text.substr(done, at - done), nullptr});
    out.push_back({{}, &attachment});
    done = at;
  }
  if (done < text.size()) out.push_back({text.substr(done), nullptr});
  return out;
}

}  // namespace pryx::models
