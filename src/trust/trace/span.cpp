// SPDX-License-Identifier: MIT
#include "trust/trace/span.h"

#include <algorithm>
#include <array>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::trace {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kUlidLength = 26;

constexpr std::array<std::pair<SpanKind, std::string_view>, 8> kKinds{{{SpanKind::kTurn, "turn"},
                                                                       {SpanKind::kQueue, "queue"},
                                                                       {SpanKind::kModel, "model"},
                                                                       {SpanKind::kTool, "tool"},
                                                                       {SpanKind::kApproval, "approval"},
                                                                       {SpanKind::kCompaction, "compaction"},
                                                                       {SpanKind::kAgent, "agent"},
                                                                       {SpanKind::kRequest, "request"}}};
constexpr std::array<std::pair<SpanStatus, std::string_view>, 6> kStatuses{
    {{SpanStatus::kOpen, "open"},
     {SpanStatus::kOk, "ok"},
     {SpanStatus::kError, "error"},
     {SpanStatus::kDenied, "denied"},
     {SpanStatus::kCancelled, "cancelled"},
     {SpanStatus::kInterrupted, "interrupted"}}};

// Values of gen_ai.provider.name that the conventions list, by what people call the provider.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kKnownProviders{
    {{"openai", "openai"},
     {"anthropic", "anthropic"},
     {"google", "gcp.gemini"},
     {"gemini", "gcp.gemini"},
     {"vertex", "gcp.vertex_ai"},
     {"bedrock", "aws.bedrock"},
     {"azure", "azure.ai.openai"},
     {"mistral", "mistral_ai"},
     {"groq", "groq"},
     {"deepseek", "deepseek"},
     {"xai", "x_ai"},
     {"cohere", "cohere"}}};

}  // namespace

std::string_view to_text(SpanKind kind) {
  return std::ranges::find(kKinds, kind, &std::pair<SpanKind, std::string_view>::first)->second;
}
std::string_view to_text(SpanStatus status) {
  return std::ranges::find(kStatuses, status, &std::pair<SpanStatus, std::string_view>::first)->second;
}
std::optional<SpanKind> span_kind_from_text(std::string_view text) {
  const auto found = std::ranges::find(kKinds, text, &std::pair<SpanKind, std::string_view>::second);
  if (found == kKinds.end()) return std::nullopt;
  return found->first;
}
std::optional<SpanStatus> span_status_from_text(std::string_view text) {
  const auto found = std::ranges::find(kStatuses, text, &std::pair<SpanStatus, std::string_view>::second);
  if (found == kStatuses.end()) return std::nullopt;
  return found->first;
}

std::string trace_id_of(std::string_view id) {
  const std::size_t mark = id.rfind('_');
  const std::string_view ulid = mark == std::string_view::npos ? id : id.substr(mark + 1);
  if (ulid.size() != kUlidLength) return {};
  // 26 digits of 5 bits are 130 bits; the first digit holds no more than 3 of them.
  unsigned __int128 value = 0;
  for (const char c : ulid) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return {};
    value = (value << 5) | digit;
  }
  return fmt::format("{:016x}{:016x}", static_cast<std::uint64_t>(value >> 64),
                     static_cast<std::uint64_t>(value));
}

std::string span_id_of(std::string_view trace_id, std::string_view name) {
  return crypto::sha256_hex(fmt::format("span/1\n{}\n{}", trace_id, name)).substr(0, 16);
}

std::string turn_span_id(std::string_view trace_id, const TurnId& turn) {
  return span_id_of(trace_id, "turn/" + turn.str());
}

std::string traceparent(std::string_view trace_id, std::string_view span_id) {
  return fmt::format("00-{}-{}-01", trace_id, span_id);
}

std::string provider_name(std::string_view provider, std::string_view kind) {
  for (const std::string_view word : {provider, kind}) {
    const auto known =
        std::ranges::find(kKnownProviders, word, &std::pair<std::string_view, std::string_view>::first);
    // A server of one's own that speaks OpenAI's protocol is not OpenAI.
    if (known != kKnownProviders.end() && (word == provider || word != "openai"))
      return std::string(known->second);
  }
  return std::string(provider);
}

std::string to_rfc3339_ns(std::int64_t ns) {
  constexpr std::int64_t kPerMs = 1'000'000;
  std::string text = to_rfc3339(WallTime{ns / kPerMs});
  text.insert(text.size() - 1, fmt::format("{:06}", ns % kPerMs));
  return text;
}

json::object Span::to_json() const {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  const bool is_open = status == SpanStatus::kOpen;
  return {{"trace_id", trace_id},
          {"span_id", span_id},
          {"parent_span_id", or_null(parent_id)},
          {"session_id", session.str()},
          {"turn_id", turn.str()},
          {"step_id", or_null(step.str())},
          {"kind", trace::to_text(kind)},
          {"name", name},
          {"started_at", to_rfc3339_ns(start_ns)},
          {"ended_at", is_open ? json::value(nullptr) : json::value(to_rfc3339_ns(end_ns))},
          {"duration_us", is_open ? json::value(nullptr) : json::value((end_ns - start_ns) / 1000)},
          {"status", trace::to_text(status)},
          {"message", or_null(message)},
          {"attributes", attributes}};
}

}  // namespace pryx::trace
