// SPDX-License-Identifier: MIT
// What undoing recorded changes would do to a folder as it is, and one such step done. Nothing here decides
// by itself to overwrite what somebody else changed. Blocking; worker threads.
#pragma once
#include <string>
#include <vector>

#include "engine/tools/undo/undo_journal.h"
#include "foundation/platform/held_directory.h"

namespace pryx::tools {

enum class UndoAction : std::uint8_t {
  kRestored,       // the old content is put back
  kRemoved,        // what was created goes away
  kUnchanged,      // it is as it was: the change never happened, or somebody took it back
  kAlreadyUndone,  // by an undo before
  kFolderKept,     // a folder that the turn made has other things in it
  kChangedSince,   // not what the turn left: left alone
  kNotKept,        // the old content was too large, or is past retention
  kHeld,           // left alone, because another file of the same step cannot be given back
  kFailed,
};
[[nodiscard]] std::string_view to_text(UndoAction action);
// The change is left standing although it was asked to be undone.
[[nodiscard]] bool is_left_alone(UndoAction action);

struct UndoItem {
  RecordedChange recorded;
  UndoAction action = UndoAction::kFailed;
  std::string detail;              // why it is left alone, or what of it comes back; may be empty
  std::optional<FileState> found;  // what is there and will be replaced
};

enum class Force : std::uint8_t { kNo, kYes };  // kYes: also over what was changed since

// `changes`: of one turn, oldest first. The items come in the order of undoing, newest first. A step is given
// back whole or not at all.
[[nodiscard]] std::vector<UndoItem> plan_undo(const platform::HeldDirectory& workspace,
                                              const std::vector<RecordedChange>& changes, Force force);

// kRestored and kRemoved only. The entry must still be as the plan found it (kConflict otherwise).
[[nodiscard]] Result<void> undo_change(const platform::HeldDirectory& workspace, const UndoItem& item,
                                       const std::string& content);

}  // namespace pryx::tools
