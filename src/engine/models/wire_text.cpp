// SPDX-License-Identifier: MIT
#include "engine/models/wire_text.h"

#include <algorithm>
#include <cstdlib>

#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxProviderText = 500;

std::string advice_for(ErrorCode code, std::string_view provider) {
  switch (code) {
    case ErrorCode::kUnauthenticated:
      return fmt::format("; set its key again with `pryx provider add {}`", provider);
    case ErrorCode::kForbidden:
      return "; the key lacks the right for this model or region";
    case ErrorCode::kNotFound:
      return "; `pryx model list` shows the models there are";
    case ErrorCode::kOverloaded:
      return "; wait or use another model";
    case ErrorCode::kBudget:
      return "; the account there has no quota left";
    default:
      return {};
  }
}

constexpr std::string_view kTooLongForModel =
    "the request is longer than the model takes; make it shorter, or use a model that takes more";

}  // namespace

const json::object* find_object(const json::object& parent, std::string_view key) {
  const json::value* found = json::find(parent, key);
  return found == nullptr ? nullptr : found->if_object();
}

const json::array* find_array(const json::object& parent, std::string_view key) {
  const json::value* found = json::find(parent, key);
  return found == nullptr ? nullptr : found->if_array();
}

std::string_view find_text(const json::object& parent, std::string_view key) {
  const json::value* found = json::find(parent, key);
  if (found == nullptr || !found->is_string()) return {};
  return found->get_string();
}

std::int64_t find_count(const json::object& parent, std::string_view key) {
  // Bounded, so that sums of what a vendor reports cannot overflow.
  return std::clamp<std::int64_t>(json::integer_or(parent, key, 0), 0, std::int64_t{1} << 40);
}

std::string quote_provider(std::string_view text) {
  std::string out = to_valid_utf8(utf8_prefix(trim(text), kMaxProviderText));
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return out;
}

std::int64_t estimate_tokens(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 3) / 4); }

std::string arguments_for_history(std::string_view arguments_json) {
  return json::parse_object(arguments_json) ? std::string(arguments_json) : "{}";
}

Result<std::string> base64_of(const Attachment& attachment) {
  if (attachment.bytes == nullptr) {
    return fail(ErrorCode::kNotFound, "the bytes of the attachment '{}' are not there any more",
                attachment.name.empty() ? attachment.media_type : attachment.name);
  }
  return to_base64(*attachment.bytes);
}

bool is_context_overflow(std::string_view code, std::string_view words) {
  if (code == "context_length_exceeded" || code == "request_too_large") return true;
  const std::string lower = lower_ascii(words.substr(0, 4096));
  constexpr std::string_view kSigns[] = {
      "maximum context length",
      "context length exceeded",
      "exceeds the context",
      "exceed context limit",
      "exceeds the available context",
      "context window",
      "prompt is too long",
      "input is too long",
      "maximum number of tokens allowed",
      "input token count",
      "input length and `max_tokens`",
      "reduce the length of the messages",
      "exceeds the model's max",
      "too many input tokens",
      "maximum prompt length",                   // xAI
      "prompt too long",                         // Ollama
      "exceeded model token limit",              // Moonshot
      "greater than the context length",         // LM Studio
      "longer than the model's context length",  // Together
      "range of input length should be",         // Qwen
  };
  return std::ranges::any_of(kSigns,
                             [&](std::string_view sign) { return lower.find(sign) != std::string::npos; });
}

Error refusal(std::string_view provider, int status, ErrorCode code, std::string_view vendor_code,
              std::string_view words) {
  const bool is_refusal = code == ErrorCode::kInvalidArgument || code == ErrorCode::kTooLarge;
  if (is_refusal && is_context_overflow(vendor_code, words))
    return Error{ErrorCode::kTooLarge, fmt::format("provider {}: {}", provider, kTooLongForModel), -1};
  const std::string quoted = quote_provider(words);
  return Error{code,
               fmt::format("provider {} answered {}{}{}{}", provider, status, quoted.empty() ? "" : ": ",
                           quoted, advice_for(code, provider)),
               -1};
}

Error broken_off(ErrorCode code, std::string_view vendor_code, std::string_view words) {
  const bool is_refusal = code == ErrorCode::kInvalidArgument || code == ErrorCode::kTooLarge;
  if (is_refusal && is_context_overflow(vendor_code, words))
    return Error{ErrorCode::kTooLarge, std::string(kTooLongForModel), -1};
  const std::string quoted = quote_provider(words);
  return Error{code, fmt::format("the provider broke off: {}", quoted.empty() ? "no reason given" : quoted),
               -1};
}

namespace {
// "Sun, 06 Nov 1994 08:49:37 GMT", the only form that may be sent today.
std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT") || text[3] != ',') return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const auto time = parse_rfc3339(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4), month / 3 + 1,
                                              text.substr(5, 2), text.substr(17, 8)));
  return time ? std::optional(*time) : std::nullopt;
}
}  // namespace

std::int64_t parse_retry_after(std::string_view value, WallTime now) {
  constexpr std::int64_t kFar = 30LL * 24 * 3600 * 1000;
  value = trim(value);
  if (!value.empty() && value.size() <= 9 &&
      std::ranges::all_of(value, [](char c) { return (c >= '0' && c <= '9') || c == '.'; })) {
    const double seconds = std::strtod(std::string(value).c_str(), nullptr);  // some send fractions
    return std::min(kFar, static_cast<std::int64_t>(seconds * 1000));
  }
  const auto date = parse_http_date(value);
  return date ? std::clamp<std::int64_t>(date->unix_ms - now.unix_ms, 0, kFar) : -1;
}

}  // namespace pryx::models
