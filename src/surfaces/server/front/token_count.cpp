// SPDX-License-Identifier: MIT
#include "surfaces/server/front/token_count.h"

namespace pryx::server {
namespace {

constexpr std::int64_t kTokensPerMessage = 4;  // role and separators

}  // namespace

std::int64_t count_tokens(const FrontRequest& request, models::TokenizerFamily family,
                          const models::ImageRule& images) {
  std::int64_t tokens = models::estimate_tokens(family, request.options.instructions);
  for (const agent::Message& message : request.messages) {
    tokens += kTokensPerMessage;
    for (const agent::Part& part : message.parts) {
      if (part.type == "reasoning") continue;  // not sent again
      if (part.type == "image")
        tokens += models::image_tokens(images, {.width = part.width, .height = part.height});
      tokens += models::estimate_tokens(family, part.text) + models::estimate_tokens(family, part.tool);
    }
  }
  for (const models::ToolSpec& tool : request.options.client_tools)
    tokens += models::estimate_tokens(family, tool);
  return tokens;
}

}  // namespace pryx::server
