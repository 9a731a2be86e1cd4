// SPDX-License-Identifier: MIT
#include "surfaces/server/front/token_count.h"

namespace pryx::server {
namespace {

constexpr std::int64_t kBytesPerToken = 4;
constexpr std::int64_t kTokensPerMessage = 4;    // role and separators
constexpr std::int64_t kTokensPerImage = 1'600;  // what vendors count for one at full size

}  // namespace

std::int64_t count_tokens(const FrontRequest& request) {
  std::size_t bytes = request.options.instructions.size();
  std::int64_t tokens = 0;
  for (const agent::Message& message : request.messages) {
    tokens += kTokensPerMessage;
    for (const agent::Part& part : message.parts) {
      if (part.type == "reasoning") continue;  // not sent again
      if (part.type == "image") tokens += kTokensPerImage;
      bytes += part.text.size() + part.tool.size();
    }
  }
  for (const models::ToolSpec& tool : request.options.client_tools)
    bytes += tool.name.size() + tool.description.size() + json::to_text(tool.parameters).size();
  return tokens + (static_cast<std::int64_t>(bytes) + kBytesPerToken - 1) / kBytesPerToken;
}

}  // namespace pryx::server
