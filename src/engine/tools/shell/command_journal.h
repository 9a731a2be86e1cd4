// SPDX-License-Identifier: MIT
// What commands are about to change, on its way into the undo journal: from the thread of a run to the I/O
// thread and back, because the take-over may only go on when it is on disk. Owned by whoever owns the
// processes and outlives all runs; I/O thread only, but for what a recorder says.
#pragma once
#include <atomic>
#include <memory>

#include "engine/tools/undo/undo_journal.h"
#include "foundation/async/task_group.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::tools::shell {

// Of one run. Its owner abandons it before it waits for the run's thread: then nothing more is recorded, so
// nothing more is taken over.
class RunRecorder : public sandbox::ChangeRecorder {
 public:
  virtual void abandon() = 0;
};

class CommandJournal {
 public:
  CommandJournal(async::EventLoop& loop, UndoJournal& journal);
  ~CommandJournal();
  [[nodiscard]] std::shared_ptr<RunRecorder> make_recorder(ChangeOwner owner);
  // Returns when nothing is under way. Every run has ended by then.
  [[nodiscard]] async::Task<void> stop();

 private:
  struct Core;
  class Recorder;
  std::shared_ptr<Core> core_;
};

}  // namespace pryx::tools::shell
