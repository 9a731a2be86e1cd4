// SPDX-License-Identifier: MIT
// OpenAI's Responses API as bytes. Nothing is kept at the vendor (store: false): what a model thought comes
// back encrypted and is sent again with the answer it belongs to. Pure.
#pragma once
#include <memory>

#include "engine/models/wire_codec.h"

namespace pryx::models {

[[nodiscard]] std::unique_ptr<WireCodec> make_responses_codec();

}  // namespace pryx::models
