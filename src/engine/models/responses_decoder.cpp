// SPDX-License-Identifier: MIT
#include "engine/models/responses_decoder.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/models/retry_policy.h"
#include "engine/models/tool_names.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxItems = 512;
constexpr std::size_t kMaxCallBytes = 4u << 20;
constexpr std::size_t kMaxKeptBytes = 2u << 20;  // of encrypted reasoning, for the next request

std::uint32_t item_number(const json::object& event) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(find_count(event, "output_index"), 0, 1 << 20));
}

ErrorCode code_of(std::string_view code) {
  if (code.find("rate_limit") != std::string_view::npos) return ErrorCode::kOverloaded;
  if (code == "insufficient_quota") return ErrorCode::kBudget;
  if (code.find("invalid") != std::string_view::npos || code == "context_length_exceeded")
    return ErrorCode::kInvalidArgument;
  return ErrorCode::kProvider;
}

class ResponsesDecoder final : public AnswerDecoder {
 public:
  ResponsesDecoder(const ModelRequest& request, std::size_t request_bytes)
      : names_(request), asked_(request.model), model_(request.model), request_bytes_(request_bytes) {}

  Result<void> feed(const Frame& frame, std::vector<ModelEvent>& out) override {
    if (done_) return {};
    if (trim(frame.data) == "[DONE]") return {};
    const auto parsed = json::parse_object(frame.data);
    if (!parsed)
      return fail(ErrorCode::kProvider, "the provider sent a malformed frame: {}", parsed.error().message);
    const json::object& event = *parsed;
    std::string_view type = find_text(event, "type");
    if (type.empty()) type = frame.event;
    if (find_text(event, "object") == "response")
      return take_end(event, out);  // a server that does not stream
    if (type == "response.output_text.delta" || type == "response.refusal.delta")
      return take_text(event, out);
    if (type == "response.reasoning_summary_text.delta" || type == "response.reasoning_text.delta")
      return take_reasoning(event, out);
    if (type == "response.reasoning_summary_part.added") return take_summary_part(event, out);
    if (type == "response.function_call_arguments.delta") {
      progress_ += find_text(event, "delta").size();
      return {};
    }
    if (type == "response.output_item.done") {
      const json::object* item = find_object(event, "item");
      return item == nullptr ? Result<void>{} : take_item(*item, item_number(event), out);
    }
    if (type == "response.completed" || type == "response.incomplete" || type == "response.failed") {
      const json::object* response = find_object(event, "response");
      return take_end(response == nullptr ? event : *response, out);
    }
    if (type == "error" || json::find(event, "error") != nullptr) return fail(error_of(event));
    if (const json::object* response = find_object(event, "response"))
      if (const std::string_view model = find_text(*response, "model"); !model.empty()) model_ = model;
    return {};  // kinds that say nothing about the answer, or that do not exist yet
  }

  Result<void> finish(std::vector<ModelEvent>& out) override {
    if (!done_)
      return fail(ErrorCode::kUnavailable,
                  "the answer ended before it was complete; the text so far is interrupted");
    std::size_t index = 0;
    for (auto& [number, call] : calls_) out.emplace_back(ToolCallComplete{std::move(call), index++});
    if (const json::array items = layout(); !items.empty()) {
      out.emplace_back(ProviderDataReport{{.format = std::string(kResponsesFormat),
                                           .model = asked_,
                                           .json = json::to_text(json::value(items))}});
    }
    if (!usage_) {
      usage_ = Usage{.input_tokens = estimate_tokens(request_bytes_),
                     .output_tokens = estimate_tokens(progress_),
                     .estimated = true};
    }
    out.emplace_back(UsageReport{*usage_});
    if (reason_ == FinishReason::kStop && index > 0) reason_ = FinishReason::kToolCalls;
    out.emplace_back(Finished{reason_, model_});
    return {};
  }

  [[nodiscard]] bool is_done() const override { return done_; }
  [[nodiscard]] std::size_t progress() const override { return progress_; }

 private:
  static Error error_of(const json::object& event) {
    const json::object* inner = find_object(event, "error");
    const json::object& error = inner == nullptr ? event : *inner;
    std::string_view code = find_text(error, "code");
    if (code.empty()) code = find_text(error, "type");
    return broken_off(code_of(code), code, find_text(error, "message"));
  }

  Result<void> take_text(const json::object& event, std::vector<ModelEvent>& out) {
    const std::string_view delta = find_text(event, "delta");
    if (delta.empty()) return {};
    PRYX_TRY_VOID(note(item_number(event)));
    say(delta, item_number(event), out);
    return {};
  }

  void say(std::string_view text, std::uint32_t number, std::vector<ModelEvent>& out) {
    progress_ += text.size();
    // Text that goes back to an earlier item stands in the answer where it came.
    is_in_order_ = is_in_order_ && (text_bytes_.empty() || number >= text_bytes_.rbegin()->first);
    text_bytes_[number] += text.size();
    out.emplace_back(TextDelta{std::string(text)});
  }

  Result<void> take_reasoning(const json::object& event, std::vector<ModelEvent>& out) {
    const std::string_view delta = find_text(event, "delta");
    if (delta.empty()) return {};
    PRYX_TRY_VOID(note(item_number(event)));
    progress_ += delta.size();
    has_reasoning_ = true;
    out.emplace_back(ReasoningDelta{std::string(delta)});
    return {};
  }

  // Summaries come in parts, each a paragraph.
  Result<void> take_summary_part(const json::object&, std::vector<ModelEvent>& out) {
    if (has_reasoning_) out.emplace_back(ReasoningDelta{"\n\n"});
    return {};
  }

  // Items whose text already went out.
  Result<void> note(std::uint32_t number) {
    if (streamed_.size() >= kMaxItems && !streamed_.contains(number))
      return fail(ErrorCode::kProvider, "the provider sent more than {} output items", kMaxItems);
    streamed_.insert(number);
    return {};
  }

  Result<void> take_item(const json::object& item, std::uint32_t number, std::vector<ModelEvent>& out) {
    if (!finished_.insert(number).second) return {};
    if (finished_.size() > kMaxItems)
      return fail(ErrorCode::kProvider, "the provider sent more than {} output items", kMaxItems);
    const std::string_view type = find_text(item, "type");
    if (type == "function_call") return take_call(item, number);
    if (type == "reasoning") return take_reasoning_item(item, number, out);
    if (type == "message" && !streamed_.contains(number)) take_whole_text(item, number, out);
    return {};
  }

  Result<void> take_call(const json::object& item, std::uint32_t number) {
    ToolCall call;
    call.id = find_text(item, "call_id");
    if (call.id.empty()) call.id = find_text(item, "id");
    call.name = names_.from_wire(find_text(item, "name"));
    call.arguments_json = find_text(item, "arguments");
    if (trim(call.arguments_json).empty()) call.arguments_json = "{}";
    call_bytes_ += call.arguments_json.size();
    if (call_bytes_ > kMaxCallBytes)
      return fail(ErrorCode::kProvider, "the provider sent tool calls of over {} bytes", kMaxCallBytes);
    progress_ += call.name.size() + 1;
    calls_.insert_or_assign(number, std::move(call));
    return {};
  }

  Result<void> take_reasoning_item(const json::object& item, std::uint32_t number,
                                   std::vector<ModelEvent>& out) {
    if (!streamed_.contains(number)) {
      if (const json::array* summary = find_array(item, "summary")) {
        for (const json::value& part : *summary) {
          const json::object* fields = part.if_object();
          const std::string_view text = fields == nullptr ? std::string_view{} : find_text(*fields, "text");
          if (text.empty()) continue;
          if (std::exchange(has_reasoning_, true)) out.emplace_back(ReasoningDelta{"\n\n"});
          out.emplace_back(ReasoningDelta{std::string(text)});
        }
      }
    }
    // Only what is encrypted means anything to a vendor that keeps nothing.
    const std::string_view encrypted = find_text(item, "encrypted_content");
    if (encrypted.empty()) return {};
    const std::string text = json::to_text(item);
    progress_ += 1;
    kept_bytes_ += text.size();
    if (kept_bytes_ > kMaxKeptBytes) {
      kept_.clear();  // half of it would be refused
      return {};
    }
    json::object kept{{"type", "reasoning"}, {"encrypted_content", encrypted}};
    if (const std::string_view id = find_text(item, "id"); !id.empty()) kept["id"] = id;
    const json::array* summary = find_array(item, "summary");
    kept["summary"] = summary == nullptr ? json::array{} : *summary;
    kept_.insert_or_assign(number, std::move(kept));
    return {};
  }

  void take_whole_text(const json::object& item, std::uint32_t number, std::vector<ModelEvent>& out) {
    const json::array* content = find_array(item, "content");
    if (content == nullptr) return;
    for (const json::value& part : *content) {
      const json::object* fields = part.if_object();
      if (fields == nullptr) continue;
      std::string_view text = find_text(*fields, "text");
      if (text.empty()) text = find_text(*fields, "refusal");
      if (!text.empty()) say(text, number, out);
    }
  }

  // Each thought before the item that it led to: the vendor refuses any other order.
  [[nodiscard]] json::array layout() const {
    json::array out;
    if (kept_.empty() || !is_in_order_) return out;
    std::set<std::uint32_t> numbers;
    for (const auto& [number, item] : kept_) numbers.insert(number);
    for (const auto& [number, bytes] : text_bytes_) numbers.insert(number);
    for (const auto& [number, call] : calls_) numbers.insert(number);
    for (const std::uint32_t number : numbers) {
      if (const auto kept = kept_.find(number); kept != kept_.end())
        out.push_back(json::object{{"item", kept->second}});
      if (const auto text = text_bytes_.find(number); text != text_bytes_.end())
        out.push_back(json::object{{"text", text->second}});
      if (calls_.contains(number)) out.push_back(json::object{{"call", true}});
    }
    // The answer was cut off in the middle of a thought.
    while (!out.empty() && out.back().get_object().contains("item")) out.pop_back();
    const bool has_any = std::ranges::any_of(
        out, [](const json::value& entry) { return entry.get_object().contains("item"); });
    return has_any ? out : json::array();
  }

  Result<void> take_end(const json::object& response, std::vector<ModelEvent>& out) {
    if (const std::string_view model = find_text(response, "model"); !model.empty()) model_ = model;
    const std::string_view status = find_text(response, "status");
    if (status == "failed" || find_object(response, "error") != nullptr) return fail(error_of(response));
    if (status == "cancelled")
      return fail(ErrorCode::kUnavailable,
                  "the provider cancelled the answer; the text so far is interrupted");
    // What some servers only say at the end.
    if (const json::array* output = find_array(response, "output")) {
      for (std::size_t i = 0; i < output->size() && i < kMaxItems; ++i) {
        if (const json::object* item = (*output)[i].if_object())
          PRYX_TRY_VOID(take_item(*item, static_cast<std::uint32_t>(i), out));
      }
    }
    if (status == "incomplete") {
      const json::object* details = find_object(response, "incomplete_details");
      const std::string_view why = details == nullptr ? std::string_view{} : find_text(*details, "reason");
      reason_ = why == "content_filter" ? FinishReason::kContentFilter : FinishReason::kLength;
    }
    if (const json::object* usage = find_object(response, "usage")) take_usage(*usage);
    done_ = true;
    return {};
  }

  void take_usage(const json::object& usage) {
    Usage out;
    out.input_tokens = find_count(usage, "input_tokens");
    out.output_tokens = find_count(usage, "output_tokens");
    if (const json::object* details = find_object(usage, "input_tokens_details"))
      out.cached_input_tokens = std::min(find_count(*details, "cached_tokens"), out.input_tokens);
    if (const json::object* details = find_object(usage, "output_tokens_details"))
      out.reasoning_tokens = std::min(find_count(*details, "reasoning_tokens"), out.output_tokens);
    if (out.input_tokens > 0 || out.output_tokens > 0) usage_ = out;
  }

  ToolNames names_;
  std::string asked_;
  std::string model_;
  std::size_t request_bytes_;
  std::size_t progress_ = 0;
  std::set<std::uint32_t> streamed_;
  std::set<std::uint32_t> finished_;
  std::map<std::uint32_t, ToolCall> calls_;
  std::map<std::uint32_t, json::object> kept_;
  std::map<std::uint32_t, std::size_t> text_bytes_;
  std::size_t call_bytes_ = 0;
  std::size_t kept_bytes_ = 0;
  std::optional<Usage> usage_;
  FinishReason reason_ = FinishReason::kStop;
  bool has_reasoning_ = false;
  bool is_in_order_ = true;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<AnswerDecoder> make_responses_decoder(const ModelRequest& request,
                                                      std::size_t request_bytes) {
  return std::make_unique<ResponsesDecoder>(request, request_bytes);
}

}  // namespace pryx::models
