// SPDX-License-Identifier: MIT
// What a decoder made of an answer, as text for tables and as the message that repeats it.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/wire_codec.h"

namespace pryx::models::testing {

inline std::string describe(const ModelEvent& event) {
  struct Visitor {
    std::string operator()(const TextDelta& e) const { return "text:" + e.text; }
    std::string operator()(const ReasoningDelta& e) const { return "reasoning:" + e.text; }
    std::string operator()(const ToolCallComplete& e) const {
      return fmt::format("call{}:{}:{}:{}", e.index, e.call.id, e.call.name, e.call.arguments_json);
    }
    std::string operator()(const UsageReport& e) const {
      return fmt::format("usage:{}/{}/{}/{}/{}{}", e.usage.input_tokens, e.usage.output_tokens,
                         e.usage.cached_input_tokens, e.usage.cache_write_tokens, e.usage.reasoning_tokens,
                         e.usage.estimated ? "~" : "");
    }
    std::string operator()(const ProviderDataReport& e) const { return "data:" + e.data.json; }
    std::string operator()(const Finished& e) const {
      return fmt::format("{}:{}", to_text(e.reason), e.model_that_answered);
    }
  };
  return std::visit(Visitor{}, event);
}

// One line an event; the error, if there is one, last.
inline std::string describe(AnswerDecoder& decoder, std::initializer_list<std::string_view> frames) {
  std::vector<ModelEvent> events;
  Result<void> ok;
  for (const std::string_view frame : frames) {
    if (ok) ok = decoder.feed({{}, frame}, events);
  }
  if (ok) ok = decoder.finish(events);
  std::string out;
  for (const ModelEvent& event : events) out += describe(event) + "\n";
  if (!ok) out += fmt::format("error {}: {}\n", facts(ok.error().code).name, ok.error().message);
  return out;
}

inline ChatMessage answer_of(const std::vector<ModelEvent>& events) {
  ChatMessage out{.role = ChatMessage::Role::kAssistant};
  for (const ModelEvent& event : events) {
    if (const auto* text = std::get_if<TextDelta>(&event)) out.text += text->text;
    if (const auto* call = std::get_if<ToolCallComplete>(&event)) out.tool_calls.push_back(call->call);
    if (const auto* data = std::get_if<ProviderDataReport>(&event)) out.provider_data = data->data;
  }
  return out;
}

inline Usage usage_of(const std::vector<ModelEvent>& events) {
  for (const ModelEvent& event : events) {
    if (const auto* report = std::get_if<UsageReport>(&event)) return report->usage;
  }
  return {};
}

}  // namespace pryx::models::testing
