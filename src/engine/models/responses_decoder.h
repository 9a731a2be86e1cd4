// SPDX-License-Identifier: MIT
// The stream of a Responses answer: typed events about numbered output items. Text and summaries of
// reasoning go out as they come; calls and encrypted reasoning count when their item is done. Pure.
#pragma once
#include <memory>

#include "engine/models/wire_codec.h"

namespace pryx::models {

inline constexpr std::string_view kResponsesFormat = "openai-responses/1";

[[nodiscard]] std::unique_ptr<AnswerDecoder> make_responses_decoder(const ModelRequest& request,
                                                                    std::size_t request_bytes);

}  // namespace pryx::models
