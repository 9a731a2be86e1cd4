// SPDX-License-Identifier: MIT
// A request within what the model takes, an answer in as many parts as it needs, and kept reasoning within
// its budget.
#include "engine/agent/small_profile.h"
#include "engine/agent/thoughts.h"
#include "engine/agent/turn_run.h"

namespace pryx::agent {

Result<void> TurnRun::fit_request(models::ModelRequest& request) {
  const models::ModelInfo info = parts().models.describe(request.model);
  PRYX_TRY(const auto left_out, fit_tools(request, info, turn_.options));
  if (!left_out.empty() && !std::exchange(told_tools_, true))
    notices_.push_back(tools_notice(left_out, info));
  output_ = plan_output(request.max_output_tokens, info.max_output_tokens);
  if (output_.wanted > 0) request.max_output_tokens = output_.share(part_);
  if (part_ > 0) {
    const std::int64_t before = models::estimate_tokens(budget_.family, text_.all());
    estimate_.input_tokens += corrected(before).input_tokens;
    ask_to_go_on(request, text_.all());
  }
  return {};
}

// After everything that sets a limit, and before what it may cost is reserved.
void TurnRun::fit_output(models::ModelRequest& request) const {
  const std::int64_t longest = longest_output(parts().models.describe(request.model), estimate_.input_tokens);
  request.longest_output_tokens = longest;
  if (longest > 0) request.max_output_tokens = std::min(request.max_output_tokens, longest);
}

NoteFor TurnRun::note_for() const {
  NoteFor turn{.principal = turn_.principal, .session = turn_.session};
  const models::ModelInfo info = parts().models.describe(model_name());
  turn.is_small = info.context_tokens > 0 && info.context_tokens <= kSmallContextTokens;
  for (const Message& message : history_) {
    if (message.id == turn_.message) turn.said = message.text();
  }
  return turn;
}

std::size_t TurnRun::written_bytes() const {
  return text_.all().size() + reasoning_.all().size() + unseen_.size() - said_before_;
}

std::int64_t TurnRun::written_tokens() const {
  std::int64_t tokens = models::estimate_tokens(budget_.family, unseen_);
  for (const models::ToolCall& call : calls_) {
    tokens += models::estimate_tokens(budget_.family, call.name) +
              models::estimate_tokens(budget_.family, call.arguments_json);
  }
  const auto seen = static_cast<std::int64_t>(text_.all().size() + reasoning_.all().size());
  if (seen == 0) return tokens;
  const std::int64_t all = models::estimate_tokens(budget_.family, text_.all()) +
                           models::estimate_tokens(budget_.family, reasoning_.all());
  // By its share, because a part may end in the middle of a word.
  return tokens + all * (seen - static_cast<std::int64_t>(said_before_)) / seen;
}

bool TurnRun::goes_on() const {
  return finish_ == models::FinishReason::kLength && part_ + 1 < output_.parts && calls_.empty() &&
         written_bytes() > 0;
}

// The call is over and paid for; the text so far stays where it is, and the next call adds to it.
async::Task<Result<void>> TurnRun::end_part(Step& step) {
  const ModelEnd end = end_of_attempt(trace::CallOutcome::kOk, std::nullopt);
  PRYX_CO_TRY_VOID(co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(trace_.end_call(t, turn_, step, end));
    return TurnStore::save_progress(t.db(), turn_);
  }));
  ++part_;
  said_before_ = text_.all().size() + reasoning_.all().size();
  usage_ = {};
  estimate_ = {};
  finish_model_.clear();
  finish_ = models::FinishReason::kStop;
  provider_data_ = {};
  was_sent_ = false;
  co_return Result<void>{};
}

async::Task<TurnRun::Flow> TurnRun::drop_thoughts() {
  const std::int64_t budget = engine_.limits_.thinking_budget;
  const ThoughtsToDrop drop = choose_thoughts(history_, turn_.id, budget);
  if (drop.messages.empty()) co_return Flow::kGoOn;
  const auto written = co_await parts().database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(write_start(t));
    for (Message* message : drop.messages) {
      find_thoughts(*message)->thoughts_dropped = true;
      PRYX_TRY_VOID(SessionStore::update_message(t.db(), *message));
    }
    return emit(t, "context.thoughts_compacted",
                {{"answers", static_cast<std::int64_t>(drop.messages.size())},
                 {"tokens_before", drop.before},
                 {"tokens_after", drop.before - drop.freed},
                 {"budget_tokens", budget}});
  });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kGoOn;
}

}  // namespace pryx::agent
