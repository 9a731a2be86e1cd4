// SPDX-License-Identifier: MIT
#include "engine/models/token_estimate.h"

namespace pryx::models {
namespace {

constexpr std::size_t kFrame = 16;         // around a message, a call, a tool
constexpr std::size_t kToolsPrompt = 600;  // what vendors tell a model about using tools at all
constexpr std::size_t kImage = 4'000;      // one in full detail; its tokens do not follow from its bytes
constexpr std::size_t kDocument = 4'000;   // and its bytes

std::size_t most_of(const ChatMessage& message) {
  std::size_t sum = kFrame + message.text.size() + message.provider_data.json.size();
  for (const ToolCall& call : message.tool_calls)
    sum += kFrame + call.name.size() + call.arguments_json.size();
  for (const Attachment& attachment : message.attachments) {
    const bool is_image = attachment.kind == Attachment::Kind::kImage;
    sum += is_image ? kImage : kDocument + static_cast<std::size_t>(attachment.size);
  }
  return sum;
}

}  // namespace

std::int64_t most_tokens(const ModelRequest& request) {
  std::size_t sum = kFrame;
  for (const ChatMessage& message : request.messages) sum += most_of(message);
  if (!request.tools.empty()) sum += kToolsPrompt;
  for (const ToolSpec& tool : request.tools)
    sum += kFrame + tool.name.size() + tool.description.size() + json::to_text(tool.parameters).size();
  if (request.format.kind == ResponseFormat::Kind::kJsonSchema)
    sum += kFrame + request.format.name.size() + request.format.description.size() +
           json::to_text(request.format.schema).size();
  return static_cast<std::int64_t>(sum);
}

}  // namespace pryx::models
