// SPDX-License-Identifier: MIT
#include "engine/models/chat_thoughts.h"

#include <algorithm>

#include "engine/models/wire_text.h"

namespace pryx::models {
namespace {

using Form = ChatQuirks::Thoughts;

constexpr std::size_t kMaxKeptBytes = 2u << 20;
constexpr std::size_t kMaxDetails = 512;
constexpr std::string_view kText = "reasoning_content";
constexpr std::string_view kDetails = "reasoning_details";
// Of an answer that another model wrote: an empty text counts as none.
constexpr std::string_view kNoThought = ".";

// A text goes on, and what else a later piece says fills what was empty: signatures come last.
std::size_t join(json::object& known, const json::object& piece) {
  std::size_t grown = 0;
  for (const auto& [key, value] : piece) {
    json::value& begun = known[key];
    const bool is_empty = begun.is_null() || (begun.is_string() && begun.get_string().empty());
    if (is_empty) {
      begun = value;
      grown += json::to_text(value).size();
    } else if ((key == "text" || key == "summary") && begun.is_string() && value.is_string()) {
      begun.get_string().append(value.get_string());
      grown += value.get_string().size();
    }
  }
  return grown;
}

// Signatures of calls name the call, and a call is renamed where a history has its id twice.
void follow_ids(const json::object& kept, const ChatMessage& message, json::array& details) {
  const json::array* ids = find_array(kept, "calls");
  if (ids == nullptr || ids->size() != message.tool_calls.size()) return;
  for (json::value& item : details) {
    json::object* detail = item.if_object();
    if (detail == nullptr) continue;
    const auto same = std::ranges::find_if(*ids, [&](const json::value& id) {
      return id.is_string() && id.get_string() == find_text(*detail, "id");
    });
    if (same == ids->end()) continue;
    (*detail)["id"] = message.tool_calls[static_cast<std::size_t>(same - ids->begin())].id;
  }
}

}  // namespace

void KeptThoughts::take(std::string_view text, const json::object& delta) {
  if (form_ == Form::kText) {
    taken_ += text.size();
    if (!too_much_) text_ += text;
    check_size();
  }
  const json::array* pieces = form_ == Form::kDetails ? find_array(delta, kDetails) : nullptr;
  if (pieces == nullptr) return;
  const std::size_t before = taken_;
  for (const json::value& piece : *pieces) {
    if (piece.is_object()) take_piece(piece.get_object());
  }
  // The details mostly say once more what the delta shows.
  if (const std::size_t grown = taken_ - before; grown > text.size()) untold_ += grown - text.size();
}

void KeptThoughts::take_piece(const json::object& piece) {
  if (too_much_) {
    taken_ += 1;
    return;
  }
  if (json::object* begun = find_begun(piece)) {
    taken_ += join(*begun, piece);
  } else {
    taken_ += json::to_text(piece).size();
    details_.push_back(piece);
  }
  check_size();
}

// Texts and summaries come in pieces; those of one kind and number are one. What is encrypted comes whole.
json::object* KeptThoughts::find_begun(const json::object& piece) {
  const std::string_view type = find_text(piece, "type");
  if (type != "reasoning.text" && type != "reasoning.summary") return nullptr;
  const std::int64_t number = json::integer_or(piece, "index", -1);
  for (std::size_t i = details_.size(); i-- > 0;) {
    json::object& known = details_[i].get_object();
    if (find_text(known, "type") == type && json::integer_or(known, "index", -1) == number) return &known;
  }
  return nullptr;
}

// Half of them would be refused.
void KeptThoughts::check_size() {
  if (taken_ <= kMaxKeptBytes && details_.size() <= kMaxDetails) return;
  too_much_ = true;
  text_.clear();
  details_.clear();
}

ProviderData KeptThoughts::data(const std::string& asked_model, const json::array& ids) const {
  if (ids.empty()) return {};
  json::object kept;
  if (!text_.empty()) kept[kText] = text_;
  if (!details_.empty()) {
    kept[kDetails] = details_;
    kept["calls"] = ids;
  }
  if (kept.empty()) return {};
  std::string text = json::to_text(kept);
  if (text.size() > kMaxKeptBytes) return {};
  return {std::string(kChatData), asked_model, std::move(text)};
}

void add_thoughts(Form form, const ModelRequest& request, const ChatMessage& message, json::object& out) {
  if (form == Form::kForgotten || message.tool_calls.empty()) return;
  // A model that is told not to think is not asked what it thought.
  if (form == Form::kText && request.reasoning == ReasoningEffort::kNone) return;
  const ProviderData& data = message.provider_data;
  const bool is_own = data.format == kChatData && data.model == request.model;
  auto parsed = json::parse_object(is_own ? std::string_view(data.json) : "{}", json::kOwnText);
  const json::object kept = parsed ? std::move(*parsed) : json::object();
  if (form == Form::kDetails) {
    const json::array* found = find_array(kept, kDetails);
    if (found == nullptr) return;
    json::array details = *found;
    follow_ids(kept, message, details);
    out[kDetails] = std::move(details);
    return;
  }
  const std::string_view text = find_text(kept, kText);
  const bool may_think = !request.about || request.about->reasoning.value_or(true);
  if (!text.empty())
    out[kText] = text;
  else if (may_think)
    out[kText] = kNoThought;
}

}  // namespace pryx::models
