// SPDX-License-Identifier: MIT
#include "engine/agent/context_prune.h"

#include <algorithm>

#include "foundation/base/json.h"
#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

using models::ChatMessage;

constexpr std::size_t kClearedAtOnce = 8;  // so that the beginning stays the same for a while and caches hold
constexpr std::size_t kCachedBytes = 1'000;
constexpr std::size_t kMostCached = 10'000;
constexpr std::size_t kShortArgumentBytes = 1'000;
constexpr std::size_t kSqueezedEnds[] = {1'500, 400, 100};  // of results, when nothing else helps

std::string kept_as(const std::string& ref) {
  return ref.empty() ? std::string() : fmt::format(", it is kept as {}", ref);
}

std::string without_middle(const std::string& text, std::size_t end, const std::string& ref) {
  const std::string_view head = utf8_prefix(text, end);
  std::string_view tail = std::string_view(text).substr(text.size() - end);
  while (!tail.empty() && (static_cast<unsigned char>(tail.front()) & 0xC0) == 0x80) tail.remove_prefix(1);
  return fmt::format(
      "{}\n[… {} of {} bytes of this older result are left out{}; make the call again if they matter …]\n{}",
      head, text.size() - head.size() - tail.size(), text.size(), kept_as(ref), tail);
}

std::string cleared(const std::string& ref) {
  return fmt::format("[This older result was taken out to make room{}; make the call again if it matters.]",
                     kept_as(ref));
}

// Results from here on belong to the newest answers.
std::size_t first_protected(const std::vector<ChatMessage>& messages) {
  std::size_t answers = 0;
  for (std::size_t i = messages.size(); i-- > 0;) {
    if (messages[i].role == ChatMessage::Role::kAssistant && ++answers == kProtectedAnswers) return i;
  }
  return 0;
}

void shorten_arguments(PromptSize& size) {
  for (std::size_t i = 0; i + 1 < size.messages().size(); ++i) {
    for (std::size_t c = 0; c < size.messages()[i].tool_calls.size(); ++c) {
      if (size.ratio() <= 1) return;
      const std::size_t bytes = size.messages()[i].tool_calls[c].arguments_json.size();
      if (bytes > kShortArgumentBytes)
        size.replace_arguments(i, c,
                               json::to_text(json::object{{"left_out", fmt::format("{} bytes", bytes)}}));
    }
  }
}

void drop_exchanges(PromptSize& size, std::size_t head) {
  const auto next_user = [&](std::size_t from) {
    const auto& messages = size.messages();
    while (from < messages.size() && messages[from].role != ChatMessage::Role::kUser) ++from;
    return from;
  };
  while (size.ratio() > 1) {
    const std::size_t first = next_user(head);
    const std::size_t second = next_user(first + 1);
    if (second >= size.messages().size()) return;  // the first is the turn's own
    size.leave_out(first, second);
    head = std::max(head, size.marker() + 1);
  }
}

}  // namespace

std::int64_t EstimateCache::tokens(models::TokenizerFamily family, const std::string& text) {
  if (text.size() < kCachedBytes) return models::estimate_tokens(family, text);
  const std::size_t key = std::hash<std::string_view>{}(text) * 31 + static_cast<std::size_t>(family);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  if (known_.size() >= kMostCached) known_.clear();
  return known_[key] = models::estimate_tokens(family, text);
}

PromptSize::PromptSize(const ContextBudget& budget, std::vector<ChatMessage>& messages, std::int64_t fixed)
    : budget_(budget), messages_(messages), sizes_(messages.size()), sum_(fixed) {
  for (std::size_t i = 0; i < messages_.size(); ++i) measure(i);
}

std::int64_t PromptSize::total() const {
  return static_cast<std::int64_t>(static_cast<double>(sum_) * budget_.factor);
}
double PromptSize::ratio() const { return static_cast<double>(total()) / static_cast<double>(budget_.limit); }

void PromptSize::measure(std::size_t at) {
  sum_ -= sizes_[at];
  const ChatMessage& message = messages_[at];
  sizes_[at] = models::estimate_around(budget_.family, message, budget_.images) +
               (budget_.cache != nullptr ? budget_.cache->tokens(budget_.family, message.text)
                                         : models::estimate_tokens(budget_.family, message.text));
  sum_ += sizes_[at];
}
void PromptSize::replace_text(std::size_t at, std::string text) {
  messages_[at].text = std::move(text);
  measure(at);
}
void PromptSize::replace_arguments(std::size_t at, std::size_t call, std::string json) {
  messages_[at].tool_calls[call].arguments_json = std::move(json);
  measure(at);
}
void PromptSize::leave_out(std::size_t first, std::size_t last) {
  const bool has_marker = left_out_ > 0;
  left_out_ += last - first;
  if (!has_marker) {
    marker_ = first++;
    messages_[marker_] = ChatMessage{.role = ChatMessage::Role::kUser};
  }
  erase(first, last);
  replace_text(marker_, fmt::format("[{} messages are left out]", left_out_));
}
void PromptSize::erase(std::size_t first, std::size_t last) {
  const auto offset = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i); };
  for (std::size_t i = first; i < last; ++i) sum_ -= sizes_[i];
  messages_.erase(messages_.begin() + offset(first), messages_.begin() + offset(last));
  sizes_.erase(sizes_.begin() + offset(first), sizes_.begin() + offset(last));
}

void prune_results(PromptSize& size, const std::vector<PlacedResult>& results) {
  const std::size_t beyond = first_protected(size.messages());
  const auto may_touch = [&](const PlacedResult& result) {
    return result.at < beyond && size.messages()[result.at].attachments.empty();
  };
  if (size.ratio() < kSoftTrimRatio) return;
  for (const PlacedResult& result : results) {
    const std::string& text = size.messages()[result.at].text;
    if (may_touch(result) && text.size() > kSoftTrimBytes)
      size.replace_text(result.at, without_middle(text, kSoftTrimEnd, result.ref));
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (i % kClearedAtOnce == 0 && size.ratio() < kHardClearRatio) return;
    std::string marker = cleared(results[i].ref);
    if (may_touch(results[i]) && size.messages()[results[i].at].text.size() > marker.size())
      size.replace_text(results[i].at, std::move(marker));
  }
}

bool squeeze(PromptSize& size, const std::vector<PlacedResult>& results, std::size_t head) {
  if (size.ratio() <= 1) return true;
  shorten_arguments(size);
  for (const std::size_t end : kSqueezedEnds) {
    for (const PlacedResult& result : results) {
      if (size.ratio() <= 1) return true;
      const std::string& text = size.messages()[result.at].text;
      if (text.size() > 2 * end + 300) size.replace_text(result.at, without_middle(text, end, result.ref));
    }
  }
  drop_exchanges(size, head);
  return size.ratio() <= 1;
}

}  // namespace pryx::agent
