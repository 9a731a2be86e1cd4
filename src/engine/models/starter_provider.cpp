// SPDX-License-Identifier: MIT
#include "engine/models/starter_provider.h"

#include <algorithm>
#include <deque>

#include "engine/models/starter_answers.h"
#include "engine/models/starter_intents.h"
#include "foundation/async/event_loop.h"

namespace pryx::models {
namespace {

constexpr std::string_view kModel = "commands";

class StarterStream final : public ModelStream {
 public:
  explicit StarterStream(std::deque<ModelEvent> events) : events_(std::move(events)) {}
  async::Task<Result<std::optional<ModelEvent>>> next() override {
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return fail(ErrorCode::kCancelled, "starter/commands: cancelled");
    if (events_.empty()) co_return std::optional<ModelEvent>{};
    ModelEvent event = std::move(events_.front());
    events_.pop_front();
    co_return std::optional(std::move(event));
  }

 private:
  std::deque<ModelEvent> events_;
};

// What happened since the user spoke last.
struct Progress {
  std::string said;
  std::vector<ToolCall> calls;
  std::vector<CommandResult> results;  // one for each call
};

Progress read_progress(const std::vector<ChatMessage>& messages) {
  Progress out;
  auto at =
      std::ranges::find(messages.rbegin(), messages.rend(), ChatMessage::Role::kUser, &ChatMessage::role);
  if (at == messages.rend()) return out;
  out.said = at->text;
  for (auto message = at.base(); message != messages.end(); ++message) {
    for (const ToolCall& call : message->tool_calls) {
      out.calls.push_back(call);
      out.results.emplace_back();
    }
    if (message->role != ChatMessage::Role::kTool) continue;
    for (std::size_t i = 0; i < out.calls.size(); ++i) {
      if (out.calls[i].id == message->tool_call_id && !out.results[i].ran)
        out.results[i] = {true, message->tool_failed, message->text};
    }
  }
  return out;
}

std::deque<ModelEvent> answer(const ModelRequest& request) {
  const Progress progress = read_progress(request.messages);
  const std::vector<Intent> intents = parse_commands(progress.said);
  std::deque<ModelEvent> events;
  std::size_t index = 0;
  const Intent* next = nullptr;
  for (const Intent& intent : intents) {
    if (intent.tool.empty() || index++ < progress.calls.size()) continue;
    next = &intent;
    break;
  }
  if (next != nullptr) {
    // Unique within the history, and the same when this step is run again.
    const std::string id = fmt::format("starter_{}_{}", request.messages.size(), progress.calls.size());
    events.emplace_back(ToolCallComplete{{id, next->tool, json::to_text(next->arguments)}, 0});
  } else {
    for (std::string& piece : split_for_streaming(compose_answer(intents, progress.results)))
      events.emplace_back(TextDelta{std::move(piece)});
  }
  events.emplace_back(UsageReport{Usage{}});
  events.emplace_back(
      Finished{next != nullptr ? FinishReason::kToolCalls : FinishReason::kStop, std::string(kModel)});
  return events;
}

class StarterProvider final : public Provider {
 public:
  [[nodiscard]] std::string_view kind() const override { return "starter"; }
  async::Task<Result<std::unique_ptr<ModelStream>>> stream(ModelRequest request) override {
    if (request.model != kModel)
      co_return fail(ErrorCode::kNotFound, "the built-in starter has only one model: starter/{}", kModel);
    co_return std::unique_ptr<ModelStream>(std::make_unique<StarterStream>(answer(request)));
  }
  async::Task<Result<std::vector<ModelInfo>>> list_models() override {
    co_return std::vector{ModelInfo{.id = std::string(kModel), .provider = "starter", .price = Price{}}};
  }
};

}  // namespace

std::unique_ptr<Provider> make_starter_provider() { return std::make_unique<StarterProvider>(); }

}  // namespace pryx::models
