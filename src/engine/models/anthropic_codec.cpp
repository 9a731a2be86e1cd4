// SPDX-License-Identifier: MIT
#include "engine/models/anthropic_codec.h"

#include <algorithm>

#include "engine/models/retry_policy.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"
#include "foundation/net/http_types.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxBlocks = 1'024;
constexpr std::size_t kMaxBlockBytes = 8u << 20;    // of arguments and thoughts together
constexpr std::size_t kMaxProviderData = 2u << 20;  // more is not kept: the answer goes on without
constexpr std::size_t kMaxModels = 10'000;

// What an error type means where no status tells, or where the status tells less.
ErrorCode code_for_type(std::string_view type, std::string_view words, ErrorCode otherwise) {
  if (type == "authentication_error") return ErrorCode::kUnauthenticated;
  if (type == "permission_error") return ErrorCode::kForbidden;
  if (type == "not_found_error") return ErrorCode::kNotFound;
  if (type == "request_too_large") return ErrorCode::kTooLarge;
  if (type == "rate_limit_error" || type == "overloaded_error") return ErrorCode::kOverloaded;
  if (type == "billing_error") return ErrorCode::kBudget;
  if (type == "timeout_error") return ErrorCode::kTimeout;
  if (type == "api_error") return ErrorCode::kProvider;
  if (type == "invalid_request_error") {
    const bool is_unpaid = words.find("credit balance") != std::string_view::npos;
    return is_unpaid ? ErrorCode::kBudget : ErrorCode::kInvalidArgument;
  }
  return otherwise;
}

std::optional<FinishReason> read_stop_reason(std::string_view reason) {
  if (reason.empty()) return std::nullopt;
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return FinishReason::kLength;
  if (reason == "tool_use") return FinishReason::kToolCalls;
  if (reason == "refusal") return FinishReason::kContentFilter;
  return FinishReason::kStop;
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kProvider, "the provider sent a malformed frame: {}", what);
}

}  // namespace

MessagesDecoder::MessagesDecoder(ModelRequest request, std::size_t request_bytes)
    : request_(std::move(request)), names_(request_), model_(request_.model), request_bytes_(request_bytes) {}

Result<void> MessagesDecoder::feed(const Frame& frame, std::vector<ModelEvent>& out) {
  if (done_) return {};
  const auto parsed = json::parse_object(frame.data);
  if (!parsed) return malformed(parsed.error().message);
  const json::object& event = *parsed;
  const std::string_view type = find_text(event, "type");
  if (type == "error" || (type.empty() && find_object(event, "error") != nullptr)) {
    const json::object* error = find_object(event, "error");
    const std::string_view kind = error == nullptr ? std::string_view{} : find_text(*error, "type");
    const std::string_view words = error == nullptr ? std::string_view{} : find_text(*error, "message");
    return fail(broken_off(code_for_type(kind, words, ErrorCode::kProvider), kind, words));
  }
  if (type == "message") return take_whole(event, out);
  if (type == "message_start") {
    saw_message_ = true;
    const json::object* message = find_object(event, "message");
    if (message == nullptr) return malformed("'message' is no object");
    if (const std::string_view model = find_text(*message, "model"); !model.empty()) model_ = model;
    if (const json::object* usage = find_object(*message, "usage")) take_usage(*usage);
  } else if (type == "content_block_start") {
    const json::object* block = find_object(event, "content_block");
    if (block == nullptr) return malformed("'content_block' is no object");
    return start_block(json::integer_or(event, "index", -1), *block, out);
  } else if (type == "content_block_delta") {
    return take_delta(event, out);
  } else if (type == "message_delta") {
    if (const json::object* delta = find_object(event, "delta")) take_stop(*delta);
    if (const json::object* usage = find_object(event, "usage")) take_usage(*usage);
  } else if (type == "message_stop") {
    done_ = true;
  }
  return {};  // ping, content_block_stop, and whatever comes to be
}

Result<void> MessagesDecoder::take_whole(const json::object& message, std::vector<ModelEvent>& out) {
  saw_message_ = true;
  if (const std::string_view model = find_text(message, "model"); !model.empty()) model_ = model;
  const json::array* content = find_array(message, "content");
  if (content == nullptr) return malformed("'content' is no list");
  std::int64_t index = 0;
  for (const json::value& block : *content) {
    if (!block.is_object()) return malformed("a content block is no object");
    PRYX_TRY_VOID(start_block(index++, block.get_object(), out));
  }
  if (const json::object* usage = find_object(message, "usage")) take_usage(*usage);
  take_stop(message);
  done_ = true;
  return {};
}

Result<void> MessagesDecoder::start_block(std::int64_t index, const json::object& block,
                                          std::vector<ModelEvent>& out) {
  if (blocks_.size() >= kMaxBlocks)
    return fail(ErrorCode::kProvider, "the provider sent more than {} content blocks", kMaxBlocks);
  Block begun{.index = index, .type = std::string(find_text(block, "type"))};
  if (begun.type == "text") {
    begun.text = find_text(block, "text");
    if (!begun.text.empty()) out.emplace_back(TextDelta{begun.text});
  } else if (begun.type == "thinking") {
    begun.text = find_text(block, "thinking");
    begun.signature = find_text(block, "signature");
    if (!begun.text.empty()) out.emplace_back(ReasoningDelta{begun.text});
  } else if (begun.type == "tool_use") {
    begun.call = {std::string(find_text(block, "id")), names_.from_wire(find_text(block, "name")), {}};
    const json::object* input = find_object(block, "input");
    if (input != nullptr && !input->empty()) begun.input = json::to_text(*input);
  } else {
    begun.raw = block;
  }
  answer_bytes_ += 1 + begun.text.size() + begun.input.size();
  blocks_.push_back(std::move(begun));
  return {};
}

Result<void> MessagesDecoder::take_delta(const json::object& event, std::vector<ModelEvent>& out) {
  const std::int64_t index = json::integer_or(event, "index", -1);
  const json::object* delta = find_object(event, "delta");
  if (delta == nullptr) return malformed("'delta' is no object");
  const auto block = std::find_if(blocks_.rbegin(), blocks_.rend(),
                                  [&](const Block& known) { return known.index == index; });
  const auto open_blocks = static_cast<std::ptrdiff_t>(blocks_.size() - continued_from_);
  if (block - blocks_.rbegin() >= open_blocks) return malformed("a delta belongs to no block");
  const std::string_view type = find_text(*delta, "type");
  if (type == "text_delta") {
    const std::string_view text = find_text(*delta, "text");
    block->text += text;
    answer_bytes_ += text.size();
    if (!text.empty()) out.emplace_back(TextDelta{std::string(text)});
  } else if (type == "thinking_delta") {
    const std::string_view text = find_text(*delta, "thinking");
    block->text += text;
    answer_bytes_ += text.size();
    if (!text.empty()) out.emplace_back(ReasoningDelta{std::string(text)});
  } else if (type == "signature_delta") {
    const std::string_view piece = find_text(*delta, "signature");
    block->signature += piece;
    signature_bytes_ += piece.size();
  } else if (type == "input_json_delta") {
    const std::string_view piece = find_text(*delta, "partial_json");
    block->input += piece;
    answer_bytes_ += piece.size();
    if (block->input.size() > kMaxBlockBytes)
      return fail(ErrorCode::kProvider, "the provider sent a tool call of over {} bytes", kMaxBlockBytes);
  }
  return {};
}

void MessagesDecoder::take_usage(const json::object& usage) {
  // Later reports are sums of the whole message; what they leave out stands.
  const auto update = [&](std::string_view key, std::int64_t& value) {
    if (json::find(usage, key) != nullptr) value = find_count(usage, key);
  };
  update("input_tokens", fresh_input_);
  update("cache_read_input_tokens", cache_read_);
  update("cache_creation_input_tokens", cache_write_);
  update("output_tokens", output_);
  if (const json::object* details = find_object(usage, "output_tokens_details"))
    thinking_ = find_count(*details, "thinking_tokens");
}

void MessagesDecoder::take_stop(const json::object& delta) {
  if (const std::string_view reason = find_text(delta, "stop_reason"); !reason.empty()) stop_reason_ = reason;
}

Usage MessagesDecoder::usage() const {
  Usage out = before_pause_;
  out.input_tokens += fresh_input_ + cache_read_ + cache_write_;
  out.output_tokens += output_;
  out.cached_input_tokens += cache_read_;
  out.cache_write_tokens += cache_write_;
  out.reasoning_tokens += std::min(thinking_, output_);
  return out;
}

// The answer's blocks in order: lengths of text, ids of calls, and whole what only the vendor understands.
json::array MessagesDecoder::layout() const {
  json::array out;
  for (const Block& block : blocks_) {
    if (block.type == "text") {
      out.push_back(json::object{{"text", block.text.size()}});
    } else if (block.type == "tool_use") {
      out.push_back(json::object{{"call", block.call.id}});
    } else if (block.type == "thinking") {
      // Thoughts without a signature are refused.
      if (block.signature.empty()) continue;
      out.push_back(json::object{
          {"block",
           json::object{{"type", "thinking"}, {"thinking", block.text}, {"signature", block.signature}}}});
    } else {
      json::object raw = block.raw;
      if (auto input = json::parse_object(block.input); input && !block.input.empty())
        raw["input"] = std::move(*input);
      out.push_back(json::object{{"block", std::move(raw)}});
    }
  }
  return out;
}

ProviderData MessagesDecoder::provider_data() const {
  json::array blocks = layout();
  const bool has_own = std::ranges::any_of(
      blocks, [](const json::value& entry) { return entry.get_object().contains("block"); });
  if (!has_own) return {};
  std::string text = json::to_text(json::object{{"blocks", std::move(blocks)}});
  if (text.size() > kMaxProviderData) return {};
  return {std::string(kAnthropicData), request_.model, std::move(text)};
}

std::optional<WireRequest> MessagesDecoder::continuation() {
  if (stop_reason_ != "pause_turn") return std::nullopt;
  ModelRequest request = request_;
  ChatMessage answer{.role = ChatMessage::Role::kAssistant};
  for (const Block& block : blocks_) {
    if (block.type == "text") answer.text += block.text;
  }
  answer.provider_data = provider_data();
  if (answer.text.empty() && answer.provider_data.empty()) return std::nullopt;
  request.messages.push_back(std::move(answer));
  auto body = encode_messages_request(request, names_);
  if (!body) return std::nullopt;
  before_pause_ = usage();
  fresh_input_ = cache_read_ = cache_write_ = output_ = thinking_ = 0;
  continued_from_ = blocks_.size();
  stop_reason_.clear();
  done_ = false;
  return WireRequest{
      .target = "/messages", .headers = {{"anthropic-version", "2023-06-01"}}, .body = std::move(*body)};
}

Result<void> MessagesDecoder::finish(std::vector<ModelEvent>& out) {
  if (completed_) return {};
  if (!saw_message_) return fail(ErrorCode::kProvider, "the provider answered without any content");
  const auto reason = read_stop_reason(stop_reason_);
  if (!reason && !done_)
    return fail(ErrorCode::kUnavailable,
                "the answer ended before it was complete; the text so far is interrupted");
  completed_ = true;
  std::size_t calls = 0;
  for (Block& block : blocks_) {
    if (block.type != "tool_use") continue;
    ToolCall call = block.call;
    if (call.id.empty()) call.id = fmt::format("call_{}", calls);
    call.arguments_json = trim(block.input).empty() ? "{}" : block.input;
    out.emplace_back(ToolCallComplete{std::move(call), calls++});
  }
  if (ProviderData data = provider_data(); !data.empty())
    out.emplace_back(ProviderDataReport{std::move(data)});
  Usage used = usage();
  if (used.input_tokens == 0 && used.output_tokens == 0) {
    used = {.input_tokens = estimate_tokens(request_bytes_),
            .output_tokens = estimate_tokens(answer_bytes_),
            .estimated = true};
  }
  out.emplace_back(UsageReport{used});
  FinishReason ended = reason.value_or(FinishReason::kStop);
  if (ended == FinishReason::kStop && calls > 0) ended = FinishReason::kToolCalls;
  out.emplace_back(Finished{ended, model_});
  return {};
}

Error decode_messages_error(int status, std::string_view body, std::string_view provider) {
  std::string_view type;
  std::string words;
  const auto parsed = json::parse_object(body);
  if (parsed) {
    const json::object* error = find_object(*parsed, "error");
    type = error == nullptr ? std::string_view{} : find_text(*error, "type");
    words = find_text(error == nullptr ? *parsed : *error, "message");
  } else if (body.find('<') == std::string_view::npos) {
    words = body;
  }
  ErrorCode code = code_for_type(type, words, code_for_status(status));
  if (status == 529) code = ErrorCode::kOverloaded;  // the vendor's own, sometimes without a body
  return refusal(provider, status, code, type, words);
}

Result<ModelPage> decode_anthropic_models(std::string_view body, std::string_view provider) {
  const auto parsed = json::parse_object(body);
  if (!parsed)
    return fail(ErrorCode::kProvider, "provider {}: its model list is malformed: {}", provider,
                parsed.error().message);
  const json::array* data = find_array(*parsed, "data");
  if (data == nullptr)
    return fail(ErrorCode::kProvider, "provider {}: its model list has no 'data'; is the base URL right?",
                provider);
  ModelPage page;
  for (const json::value& item : *data) {
    const json::object* fields = item.if_object();
    const std::string_view id = fields == nullptr ? std::string_view{} : find_text(*fields, "id");
    if (id.empty() || page.models.size() >= kMaxModels) continue;
    page.models.push_back({.id = std::string(id),
                           .provider = std::string(provider),
                           .context_tokens = find_count(*fields, "max_input_tokens"),
                           .max_output_tokens = find_count(*fields, "max_tokens")});
  }
  const json::value* more = json::find(*parsed, "has_more");
  if (more != nullptr && more->is_bool() && more->get_bool()) page.next = find_text(*parsed, "last_id");
  return page;
}

namespace {

class AnthropicCodec final : public WireCodec {
 public:
  [[nodiscard]] FormAbilities form_abilities() const override { return {false, true, true}; }
  [[nodiscard]] WireHeader key_header(const Secret& key) const override {
    return {"x-api-key", key.reveal()};
  }
  [[nodiscard]] Result<WireRequest> encode(const ModelRequest& request) const override {
    WireRequest out{.target = "/messages", .headers = {{"anthropic-version", "2023-06-01"}}};
    PRYX_TRY(out.body, encode_messages_request(request, ToolNames(request)));
    return out;
  }
  [[nodiscard]] std::unique_ptr<AnswerDecoder> make_decoder(const ModelRequest& request,
                                                            std::size_t request_bytes) const override {
    return std::make_unique<MessagesDecoder>(request, request_bytes);
  }
  [[nodiscard]] Error decode_error(int status, std::string_view body,
                                   std::string_view provider) const override {
    return decode_messages_error(status, body, provider);
  }
  [[nodiscard]] WireRequest model_list(std::string_view page) const override {
    std::string target = "/models?limit=1000";
    if (!page.empty()) target += "&after_id=" + net::percent_encode(page);
    return {.method = "GET", .target = std::move(target), .headers = {{"anthropic-version", "2023-06-01"}}};
  }
  [[nodiscard]] Result<ModelPage> decode_models(std::string_view body,
                                                std::string_view provider) const override {
    return decode_anthropic_models(body, provider);
  }
};

}  // namespace

std::unique_ptr<WireCodec> make_anthropic_codec(const ProviderConfig&) {
  return std::make_unique<AnthropicCodec>();
}

}  // namespace pryx::models
