// SPDX-License-Identifier: MIT
#include "prompt_keeper.h"

#include "engine/tools/tool_lists.h"
#include "foundation/base/log.h"

namespace pryx::app {
namespace {

constexpr std::size_t kSmallBytes = 800;  // for a model with little room
constexpr std::size_t kLookedAt = 24;     // so that what is held back does not use up the places

// An agent that may not search the memory is told nothing of it either.
bool may_remember(const agent::AgentProfile& profile) {
  return !profile.tools || tools::is_listed({*profile.tools}, "memory.search");
}

}  // namespace

void PromptKeeper::use(const config::Config& config) {
  mode_ = memory::recall_mode_from_text(config.text("memory.in_prompt")).value_or(memory::RecallMode::kOff);
}

async::Task<agent::PromptNote> PromptKeeper::note(std::shared_ptr<const platform::HeldDirectory> workspace,
                                                  agent::AgentProfile profile, agent::NoteFor turn) {
  const bool remembers = mode_ != memory::RecallMode::kOff && may_remember(profile);
  agent::PromptNote note = co_await skills_.note(std::move(workspace), std::move(profile), turn);
  const std::string words = remembers ? memory::recall_words(turn.said) : std::string();
  if (words.empty()) co_return note;
  const auto found = co_await memories_.search(
      {.id = turn.principal}, {.query = words, .limit = kLookedAt, .type = {}, .session = turn.session});
  if (!found) {
    log::warn("memory.not_recalled", {{"error", found.error().message}});
    co_return note;
  }
  memory::Recall recall =
      memory::make_recall(*found, mode_, turn.is_small ? kSmallBytes : memory::kMaxRecallBytes);
  note.recall = std::move(recall.text);
  note.recall_labels = std::move(recall.labels);
  co_return note;
}

}  // namespace pryx::app
