// SPDX-License-Identifier: MIT
// How many tokens a text is for a model, estimated without its tokenizer: one pass over the text counts
// words, digits, punctuation and scripts, and weights per tokenizer family turn the counts into tokens. Pure.
// tests/fixtures/tokens holds what real tokenizers counted; tools/tokens fits the weights.
#pragma once
#include <cstdint>
#include <string_view>

#include "engine/models/provider.h"

namespace pryx::models {

struct ImageRule;  // image_tokens.h

enum class TokenizerFamily : std::uint8_t { kOpenAi, kAnthropic, kGoogle, kLlama };
[[nodiscard]] std::string_view to_text(TokenizerFamily family);  // "openai", "anthropic", "google", "llama"
// By the model's name, else by its provider's kind. Anything unknown counts as llama, which is no smaller
// than the others for most text.
[[nodiscard]] TokenizerFamily tokenizer_family(std::string_view kind, std::string_view model);

[[nodiscard]] std::int64_t estimate_tokens(TokenizerFamily family, std::string_view text);
// With what the wire adds around it, and its attachments.
[[nodiscard]] std::int64_t estimate_tokens(TokenizerFamily family, const ChatMessage& message);
// That without the text of the message. Null: images count as for a model of the family that nobody knows.
[[nodiscard]] std::int64_t estimate_around(TokenizerFamily family, const ChatMessage& message,
                                           const ImageRule* images = nullptr);
[[nodiscard]] std::int64_t estimate_tokens(TokenizerFamily family, const ToolSpec& tool);
// Of all its messages and tools: the input of the call.
[[nodiscard]] std::int64_t estimate_tokens(TokenizerFamily family, const ModelRequest& request);

// More than any tokenizer makes of its text: a token is at least one byte. Images and documents count as much
// as vendors say they take at most.
[[nodiscard]] std::int64_t most_tokens(const ModelRequest& request);

}  // namespace pryx::models
