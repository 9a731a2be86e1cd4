// SPDX-License-Identifier: MIT
// What the routes of Anthropic's Messages need beside the codec: counting, which runs no turn. Pure.
#pragma once
#include "surfaces/server/front/front.h"

namespace pryx::server {

// The body of /v1/messages/count_tokens: a prompt without anything about its answer.
[[nodiscard]] Decoded<FrontRequest> decode_count_request(const json::object& body,
                                                         const PrincipalId& principal);
[[nodiscard]] net::Response anthropic_refusal(const FrontRefusal& refusal, std::string_view request_id);

}  // namespace pryx::server
