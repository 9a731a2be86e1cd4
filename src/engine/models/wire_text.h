// SPDX-License-Identifier: MIT
// What the codecs of all vendors share: lenient reading of their JSON, their errors in our words, retry
// times, and rough token counts. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/models/provider.h"
#include "foundation/base/clock.h"

namespace pryx::models {

// Absent, null or of another type: nullptr, empty, 0.
[[nodiscard]] const json::object* find_object(const json::object& parent, std::string_view key);
[[nodiscard]] const json::array* find_array(const json::object& parent, std::string_view key);
[[nodiscard]] std::string_view find_text(const json::object& parent, std::string_view key);
[[nodiscard]] std::int64_t find_count(const json::object& parent, std::string_view key);  // never negative

// A vendor's own words: one line, valid UTF-8, bounded.
[[nodiscard]] std::string quote_provider(std::string_view text);
// A rough count for providers that report none: four bytes a token. Turns, which keep the text, book what
// token_estimate.h makes of it instead.
[[nodiscard]] std::int64_t estimate_tokens(std::size_t bytes);
// Servers that render the history parse the arguments of its calls: what a model wrote wrongly would fail
// every later request, so it becomes {}.
[[nodiscard]] std::string arguments_for_history(std::string_view arguments_json);
// kNotFound when its bytes were not loaded.
[[nodiscard]] Result<std::string> base64_of(const Attachment& attachment);

// Whether a refusal means that the request is longer than the model takes, by the vendor's code or words.
[[nodiscard]] bool is_context_overflow(std::string_view code, std::string_view words);
// The Error of an answer that is not 2xx. `words` are the vendor's and are quoted; a request that is too long
// becomes kTooLarge with words of ours.
[[nodiscard]] Error refusal(std::string_view provider, int status, ErrorCode code,
                            std::string_view vendor_code, std::string_view words);
// The same for an error inside a stream that began well; the caller of the stream puts the provider's name
// before it.
[[nodiscard]] Error broken_off(ErrorCode code, std::string_view vendor_code, std::string_view words);

// Retry-After as seconds or an HTTP date; negative when it says neither.
[[nodiscard]] std::int64_t parse_retry_after(std::string_view value, WallTime now);

}  // namespace pryx::models
