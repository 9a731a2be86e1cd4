// SPDX-License-Identifier: MIT
// The stream of a Responses answer: typed events about numbered output items. Text and summaries of
// reasoning go out as they come; calls and encrypted reasoning count when their item is done. Pure.
#pragma once
#include <memory>

#include "engine/models/wire_codec.h"

namespace pryx::models {

// The items of an answer in their order: {"item": …} is kept whole, {"text": bytes} and {"call": true} stand
// for the others.
inline constexpr std::string_view kResponsesFormat = "openai-responses/2";

[[nodiscard]] std::unique_ptr<AnswerDecoder> make_responses_decoder(const ModelRequest& request,
                                                                    std::size_t request_bytes);

}  // namespace pryx::models
