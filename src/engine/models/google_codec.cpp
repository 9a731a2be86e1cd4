// SPDX-License-Identifier: MIT
#include "engine/models/google_codec.h"

#include <algorithm>
#include <cstdlib>

#include "engine/models/retry_policy.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"
#include "foundation/net/http_types.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxToolCalls = 128;
constexpr std::size_t kMaxCallBytes = 4u << 20;     // arguments of all calls of one answer
constexpr std::size_t kMaxPieces = 65'536;          // runs of text and calls of one answer
constexpr std::size_t kMaxProviderData = 2u << 20;  // more is not kept: the answer goes on without
constexpr std::size_t kMaxModels = 10'000;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kProvider, "the provider sent a malformed frame: {}", what);
}

struct Failure {
  ErrorCode code = ErrorCode::kProvider;
  std::string vendor_code;
  std::string words;
  std::int64_t retry_after_ms = -1;
};

// "34s", "0.5s"
std::int64_t parse_delay(std::string_view text) {
  if (!text.ends_with('s') || text.size() > 12) return -1;
  return parse_retry_after(text.substr(0, text.size() - 1), {});
}

// The status tells less than the details: a wrong key is a 400, and a quota of the day is a 429 like any.
void read_details(const json::array& details, Failure& failure) {
  for (const json::value& item : details) {
    const json::object* detail = item.if_object();
    if (detail == nullptr) continue;
    const std::string_view reason = find_text(*detail, "reason");
    if (reason == "API_KEY_INVALID" || reason == "API_KEY_EXPIRED")
      failure.code = ErrorCode::kUnauthenticated;
    if (reason == "BILLING_DISABLED") failure.code = ErrorCode::kBudget;
    if (const std::int64_t delay = parse_delay(find_text(*detail, "retryDelay")); delay >= 0)
      failure.retry_after_ms = delay;
    const json::array* violations = find_array(*detail, "violations");
    if (violations == nullptr || failure.code != ErrorCode::kOverloaded) continue;
    for (const json::value& violation : *violations) {
      const bool is_daily =
          violation.is_object() &&
          find_text(violation.get_object(), "quotaId").find("PerDay") != std::string_view::npos;
      if (is_daily) failure.code = ErrorCode::kBudget;
    }
  }
}

// {"error":{"code","message","status","details"}}, alone or as the only element of a list.
std::optional<Failure> read_failure(const json::object& body, int status) {
  const json::object* error = find_object(body, "error");
  if (error == nullptr) return std::nullopt;
  const std::int64_t code = json::integer_or(*error, "code", status);
  Failure out;
  out.code = code >= 400 && code < 600 ? code_for_status(static_cast<int>(code)) : ErrorCode::kProvider;
  out.vendor_code = find_text(*error, "status");
  out.words = find_text(*error, "message");
  if (out.vendor_code == "FAILED_PRECONDITION" && out.words.find("location") != std::string::npos)
    out.code = ErrorCode::kForbidden;
  if (const json::array* details = find_array(*error, "details")) read_details(*details, out);
  return out;
}

}  // namespace

GenerateDecoder::GenerateDecoder(ToolNames names, std::string asked_model, std::size_t request_bytes)
    : names_(std::move(names)),
      asked_model_(std::move(asked_model)),
      model_(asked_model_),
      request_bytes_(request_bytes) {}

Result<void> GenerateDecoder::feed(const Frame& frame, std::vector<ModelEvent>& out) {
  const auto parsed = json::parse(frame.data);
  if (!parsed) return malformed(parsed.error().message);
  if (parsed->is_object()) return take_chunk(parsed->get_object(), out);
  if (!parsed->is_array()) return malformed("neither an object nor a list");
  // Without "alt=sse" the chunks come as one list.
  for (const json::value& chunk : parsed->get_array()) {
    if (!chunk.is_object()) return malformed("a chunk is no object");
    PRYX_TRY_VOID(take_chunk(chunk.get_object(), out));
  }
  return {};
}

Result<void> GenerateDecoder::take_chunk(const json::object& chunk, std::vector<ModelEvent>& out) {
  if (const auto failure = read_failure(chunk, 0)) {
    Error error = broken_off(failure->code, failure->vendor_code, failure->words);
    error.retry_after_ms = failure->retry_after_ms;
    return fail(std::move(error));
  }
  saw_chunk_ = true;
  if (const std::string_view model = find_text(chunk, "modelVersion"); !model.empty()) model_ = model;
  if (const json::object* usage = find_object(chunk, "usageMetadata")) take_usage(*usage);
  // A prompt that was refused gets no candidate at all.
  if (const json::object* feedback = find_object(chunk, "promptFeedback");
      feedback != nullptr && !find_text(*feedback, "blockReason").empty())
    reason_ = FinishReason::kContentFilter;
  const json::array* candidates = find_array(chunk, "candidates");
  if (candidates == nullptr) return {};
  for (const json::value& item : *candidates) {
    const json::object* candidate = item.if_object();
    if (candidate == nullptr) return malformed("a candidate is no object");
    if (json::integer_or(*candidate, "index", 0) != 0) continue;
    const json::object* content = find_object(*candidate, "content");
    const json::array* parts = content == nullptr ? nullptr : find_array(*content, "parts");
    if (parts != nullptr) {
      for (const json::value& part : *parts) {
        if (!part.is_object()) return malformed("a part is no object");
        PRYX_TRY_VOID(take_part(part.get_object(), out));
      }
    }
    PRYX_TRY_VOID(take_finish(find_text(*candidate, "finishReason")));
  }
  return {};
}

Result<void> GenerateDecoder::take_part(const json::object& part, std::vector<ModelEvent>& out) {
  const std::string_view signature = find_text(part, "thoughtSignature");
  if (const json::object* call = find_object(part, "functionCall")) return take_call(*call, signature);
  const std::string_view text = find_text(part, "text");
  answer_bytes_ += text.size();
  signature_bytes_ += signature.size();
  const json::value* thought = json::find(part, "thought");
  if (thought != nullptr && thought->is_bool() && thought->get_bool()) {
    if (!text.empty()) out.emplace_back(ReasoningDelta{std::string(text)});
    return {};
  }
  if (text.empty() && signature.empty()) return {};
  if (!text.empty()) out.emplace_back(TextDelta{std::string(text)});
  // Runs of text without a signature are one.
  const bool joins = !pieces_.empty() && !pieces_.back().is_call && pieces_.back().signature.empty();
  if (!joins || !signature.empty()) {
    if (pieces_.size() >= kMaxPieces)
      return fail(ErrorCode::kProvider, "the provider sent more than {} parts", kMaxPieces);
    pieces_.push_back({.signature = std::string(signature)});
  }
  pieces_.back().text_bytes += text.size();
  return {};
}

Result<void> GenerateDecoder::take_call(const json::object& call, std::string_view signature) {
  if (calls_.size() >= kMaxToolCalls)
    return fail(ErrorCode::kProvider, "the provider sent more than {} tool calls at once", kMaxToolCalls);
  const std::string_view id = find_text(call, "id");
  ToolCall made{id.empty() ? fmt::format("call_{}", calls_.size()) : std::string(id),
                names_.from_wire(find_text(call, "name")), "{}"};
  if (const json::value* args = json::find(call, "args")) made.arguments_json = json::to_text(*args);
  call_bytes_ += made.arguments_json.size() + 1;
  if (call_bytes_ > kMaxCallBytes)
    return fail(ErrorCode::kProvider, "the provider sent tool calls of over {} bytes", kMaxCallBytes);
  pieces_.push_back({.is_call = true, .id = std::string(id), .signature = std::string(signature)});
  calls_.push_back(std::move(made));
  return {};
}

Result<void> GenerateDecoder::take_finish(std::string_view reason) {
  if (reason.empty() || reason == "FINISH_REASON_UNSPECIFIED") return {};
  // Errors of the model's own writing; another attempt may go well.
  for (const std::string_view broken :
       {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"}) {
    if (reason == broken)
      return fail(ErrorCode::kProvider, "the model wrote an answer that its provider could not read ({})",
                  reason);
  }
  reason_ = reason == "MAX_TOKENS" ? FinishReason::kLength : FinishReason::kStop;
  for (const std::string_view withheld : {"SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST",
                                          "PROHIBITED_CONTENT", "SPII", "NO_IMAGE", "IMAGE_"}) {
    if (reason.starts_with(withheld)) reason_ = FinishReason::kContentFilter;
  }
  return {};
}

void GenerateDecoder::take_usage(const json::object& usage) {
  Usage out;
  out.input_tokens = find_count(usage, "promptTokenCount") + find_count(usage, "toolUsePromptTokenCount");
  out.reasoning_tokens = find_count(usage, "thoughtsTokenCount");
  out.output_tokens = find_count(usage, "candidatesTokenCount") + out.reasoning_tokens;
  out.cached_input_tokens = std::min(find_count(usage, "cachedContentTokenCount"), out.input_tokens);
  usage_ = out;
}

ProviderData GenerateDecoder::provider_data() const {
  const bool has_any =
      std::ranges::any_of(pieces_, [](const Piece& p) { return !p.signature.empty() || !p.id.empty(); });
  if (!has_any) return {};
  json::array parts;
  for (const Piece& piece : pieces_) {
    json::object entry;
    if (piece.is_call)
      entry["call"] = true;
    else
      entry["text"] = piece.text_bytes;
    if (!piece.id.empty()) entry["id"] = piece.id;
    if (!piece.signature.empty()) entry["signature"] = piece.signature;
    parts.push_back(std::move(entry));
  }
  std::string text = json::to_text(json::object{{"parts", std::move(parts)}});
  if (text.size() > kMaxProviderData) return {};
  return {std::string(kGoogleData), asked_model_, std::move(text)};
}

Result<void> GenerateDecoder::finish(std::vector<ModelEvent>& out) {
  if (completed_) return {};
  if (!saw_chunk_) return fail(ErrorCode::kProvider, "the provider answered without any content");
  if (!reason_)
    return fail(ErrorCode::kUnavailable,
                "the answer ended before it was complete; the text so far is interrupted");
  completed_ = true;
  if (ProviderData data = provider_data(); !data.empty())
    out.emplace_back(ProviderDataReport{std::move(data)});
  const bool has_calls = !calls_.empty();
  for (std::size_t i = 0; i < calls_.size(); ++i) out.emplace_back(ToolCallComplete{std::move(calls_[i]), i});
  if (!usage_ || (usage_->input_tokens == 0 && usage_->output_tokens == 0)) {
    usage_ = Usage{.input_tokens = estimate_tokens(request_bytes_),
                   .output_tokens = estimate_tokens(answer_bytes_ + call_bytes_),
                   .estimated = true};
  }
  out.emplace_back(UsageReport{*usage_});
  const bool stops_for_calls = *reason_ == FinishReason::kStop && has_calls;
  out.emplace_back(Finished{stops_for_calls ? FinishReason::kToolCalls : *reason_, model_});
  return {};
}

Error decode_generate_error(int status, std::string_view body, std::string_view provider) {
  Failure failure{.code = code_for_status(status)};
  if (const auto parsed = json::parse(body)) {
    const json::value* first = &*parsed;
    if (first->is_array() && !first->get_array().empty()) first = &first->get_array().front();
    std::optional<Failure> read;
    if (first->is_object()) read = read_failure(first->get_object(), status);
    if (read) failure = std::move(*read);
  } else if (body.find('<') == std::string_view::npos) {
    failure.words = body;
  }
  Error error = refusal(provider, status, failure.code, failure.vendor_code, failure.words);
  error.retry_after_ms = failure.retry_after_ms;
  return error;
}

Result<ModelPage> decode_google_models(std::string_view body, std::string_view provider) {
  const auto parsed = json::parse_object(body);
  if (!parsed)
    return fail(ErrorCode::kProvider, "provider {}: its model list is malformed: {}", provider,
                parsed.error().message);
  const json::array* list = find_array(*parsed, "models");
  if (list == nullptr)
    return fail(ErrorCode::kProvider, "provider {}: its model list has no 'models'; is the base URL right?",
                provider);
  ModelPage page;
  for (const json::value& item : *list) {
    const json::object* fields = item.if_object();
    std::string_view id = fields == nullptr ? std::string_view{} : find_text(*fields, "name");
    if (id.starts_with("models/")) id.remove_prefix(7);
    if (id.empty() || page.models.size() >= kMaxModels) continue;
    // Embedding models and the like are in the same list.
    const json::array* methods = find_array(*fields, "supportedGenerationMethods");
    const auto is_chat = [](const json::value& method) { return method == "generateContent"; };
    if (methods != nullptr && std::ranges::none_of(*methods, is_chat)) continue;
    page.models.push_back({.id = std::string(id),
                           .provider = std::string(provider),
                           .context_tokens = find_count(*fields, "inputTokenLimit"),
                           .max_output_tokens = find_count(*fields, "outputTokenLimit")});
  }
  page.next = find_text(*parsed, "nextPageToken");
  return page;
}

namespace {

// The id is part of the address.
bool is_model_id(std::string_view model) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '/';
  };
  return !model.empty() && model.find("..") == std::string_view::npos &&
         std::ranges::all_of(model, is_allowed);
}

class GoogleCodec final : public WireCodec {
 public:
  [[nodiscard]] FormAbilities form_abilities() const override { return {true, true, true}; }
  [[nodiscard]] WireHeader key_header(const Secret& key) const override {
    return {"x-goog-api-key", key.reveal()};
  }
  [[nodiscard]] Result<WireRequest> encode(const ModelRequest& request) const override {
    if (!is_model_id(request.model))
      return fail(ErrorCode::kInvalidArgument, "'{}' is no model of Google's",
                  utf8_prefix(request.model, 80));
    const bool is_path = request.model.find('/') != std::string::npos;  // "tunedModels/mine"
    WireRequest out{.target = fmt::format("{}{}:streamGenerateContent?alt=sse", is_path ? "/" : "/models/",
                                          request.model)};
    PRYX_TRY(out.body, encode_generate_request(request, ToolNames(request)));
    return out;
  }
  [[nodiscard]] std::unique_ptr<AnswerDecoder> make_decoder(const ModelRequest& request,
                                                            std::size_t request_bytes) const override {
    return std::make_unique<GenerateDecoder>(ToolNames(request), request.model, request_bytes);
  }
  [[nodiscard]] Error decode_error(int status, std::string_view body,
                                   std::string_view provider) const override {
    return decode_generate_error(status, body, provider);
  }
  [[nodiscard]] WireRequest model_list(std::string_view page) const override {
    std::string target = "/models?pageSize=1000";
    if (!page.empty()) target += "&pageToken=" + net::percent_encode(page);
    return {.method = "GET", .target = std::move(target)};
  }
  [[nodiscard]] Result<ModelPage> decode_models(std::string_view body,
                                                std::string_view provider) const override {
    return decode_google_models(body, provider);
  }
};

}  // namespace

std::unique_ptr<WireCodec> make_google_codec(const ProviderConfig&) {
  return std::make_unique<GoogleCodec>();
}

}  // namespace pryx::models
