// SPDX-License-Identifier: MIT
// Ollama's own API as bytes: /api/chat out, lines of JSON in, and what /api/tags and /api/show say about a
// model. Unlike its OpenAI side it takes the size of the context with each request; without one it cuts the
// beginning of a long conversation off in silence. Pure.
#pragma once
#include <memory>

#include "engine/models/wire_codec.h"

namespace pryx::models {

[[nodiscard]] std::unique_ptr<WireCodec> make_ollama_codec();

// How large a context a prompt of this size needs: in steps, because each change makes the server load the
// model anew. `most` is what the model can; 0: unknown.
[[nodiscard]] std::int64_t ollama_context_size(std::int64_t prompt_tokens, std::int64_t max_output_tokens,
                                               std::int64_t most);

}  // namespace pryx::models
