// SPDX-License-Identifier: MIT
#include "surfaces/server/front/token_count.h"

namespace pryx::server {
namespace {

constexpr std::int64_t kTokensPerMessage = 4;    // role and separators
constexpr std::int64_t kTokensPerImage = 1'600;  // what vendors count for one at full size

}  // namespace

std::int64_t count_tokens(const FrontRequest& request, models::TokenizerFamily family) {
  std::int64_t tokens = models::estimate_tokens(family, request.options.instructions);
  for (const agent::Message& message : request.messages) {
    tokens += kTokensPerMessage;
    for (const agent::Part& part : message.parts) {
      if (part.type == "reasoning") continue;  // not sent again
      if (part.type == "image") tokens += kTokensPerImage;
      tokens += models::estimate_tokens(family, part.text) + models::estimate_tokens(family, part.tool);
    }
  }
  for (const models::ToolSpec& tool : request.options.client_tools)
    tokens += models::estimate_tokens(family, tool);
  return tokens;
}

}  // namespace pryx::server
