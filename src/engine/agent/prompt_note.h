// SPDX-License-Identifier: MIT
// What somebody else adds to the system prompt of a turn, such as the names of skills: text with the labels
// it brings into the context. Declared for the agent's own need; apps/ answers it. I/O thread only.
#pragma once
#include <memory>
#include <string>

#include "foundation/async/task.h"
#include "foundation/base/ids.h"
#include "trust/labels/labels.h"

namespace pryx::platform {
class HeldDirectory;
}

namespace pryx::agent {

struct AgentProfile;

struct PromptNote {
  std::string text;  // appended as it is; bounded by whoever wrote it
  trust::Labels labels;
  // Stands right before what the turn answers, so that what comes before it is the same in every turn.
  std::string recall;
  trust::Labels recall_labels;
};

// For which turn.
struct NoteFor {
  PrincipalId principal;
  SessionId session;
  std::string said;       // the text that the turn answers
  bool is_small = false;  // the model has little room
};

class PromptNotes {
 public:
  virtual ~PromptNotes() = default;
  // Once for each run of a turn. Never fails: what cannot be read is left out and logged.
  [[nodiscard]] virtual async::Task<PromptNote> note(std::shared_ptr<const platform::HeldDirectory> workspace,
                                                     AgentProfile profile, NoteFor turn) = 0;
};

}  // namespace pryx::agent
