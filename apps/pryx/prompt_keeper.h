// SPDX-License-Identifier: MIT
// What is added to a turn's prompt: the names of skills, and what was remembered about matters like this one.
#pragma once
#include "engine/agent/agent_profile.h"
#include "engine/agent/prompt_note.h"
#include "engine/memory/recall.h"
#include "foundation/config/layers.h"

namespace pryx::app {

class PromptKeeper final : public agent::PromptNotes {
 public:
  PromptKeeper(agent::PromptNotes& skills, memory::MemoryStore& memories)
      : skills_(skills), memories_(memories) {}
  void use(const config::Config& config);
  [[nodiscard]] async::Task<agent::PromptNote> note(std::shared_ptr<const platform::HeldDirectory> workspace,
                                                    agent::AgentProfile profile,
                                                    agent::NoteFor turn) override;

 private:
  agent::PromptNotes& skills_;
  memory::MemoryStore& memories_;
  memory::RecallMode mode_ = memory::RecallMode::kOwn;
};

}  // namespace pryx::app
