// SPDX-License-Identifier: MIT
#include "engine/models/token_estimate.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kFrame = 16;         // around a message, a call, a tool
constexpr std::size_t kToolsPrompt = 600;  // what vendors tell a model about using tools at all
constexpr std::size_t kDocument = 4'000;   // and its bytes

// One image in full detail, by a part of the model's name; its tokens do not follow from its bytes.
struct ImageBound {
  std::string_view name;
  std::size_t tokens;
};
constexpr ImageBound kImages[] = {
    {"gpt-4o-mini", 50'000},  // 2,833, and 5,667 for each of up to eight tiles
    {"qwen", 20'000},         // up to 16,384 patches
    {"claude", 5'000},
};
constexpr std::size_t kOtherImage = 10'000;  // as many patches, or 38 tiles of Gemini

std::size_t most_of_image(std::string_view model) {
  const std::string name = lower_ascii(model);
  for (const ImageBound& bound : kImages) {
    if (name.find(bound.name) != std::string::npos) return bound.tokens;
  }
  return kOtherImage;
}

std::size_t most_of(const ChatMessage& message, std::size_t image) {
  std::size_t sum = kFrame + message.text.size() + message.provider_data.json.size();
  for (const ToolCall& call : message.tool_calls)
    sum += kFrame + call.name.size() + call.arguments_json.size();
  for (const Attachment& attachment : message.attachments) {
    const bool is_image = attachment.kind == Attachment::Kind::kImage;
    sum += is_image ? image : kDocument + static_cast<std::size_t>(attachment.size);
  }
  return sum;
}

}  // namespace

std::int64_t most_tokens(const ModelRequest& request) {
  std::size_t sum = kFrame;
  const std::size_t image = most_of_image(request.model);
  for (const ChatMessage& message : request.messages) sum += most_of(message, image);
  if (!request.tools.empty()) sum += kToolsPrompt;
  for (const ToolSpec& tool : request.tools)
    sum += kFrame + tool.name.size() + tool.description.size() + json::to_text(tool.parameters).size();
  if (request.format.kind == ResponseFormat::Kind::kJsonSchema)
    sum += kFrame + request.format.name.size() + request.format.description.size() +
           json::to_text(request.format.schema).size();
  return static_cast<std::int64_t>(sum);
}

}  // namespace pryx::models
