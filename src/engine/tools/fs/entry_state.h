// SPDX-License-Identifier: MIT
// What is at a path right now, for tools that change it: no symbolic link anywhere on the way, a regular file
// or nothing. Every refusal is an Error whose text is meant for the model. Blocking; worker threads.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/tools/undo/undo_journal.h"
#include "foundation/platform/held_directory.h"

namespace pryx::tools::fs {

inline constexpr std::size_t kMaxChangedBytes = 16u
                                                << 20;  // of a file that a tool changes; undo keeps as much

struct EntryNow {
  std::optional<platform::FileInfo> info;  // nullopt: there is nothing with this name
  std::string bytes;                       // of a file
  [[nodiscard]] std::optional<FileState> state() const;
};

// kInvalidArgument for a folder, FIFO or device; kDenied for a symbolic link; kTooLarge.
[[nodiscard]] Result<EntryNow> look_at_file(const platform::HeldDirectory& workspace, const std::string& path,
                                            std::size_t max_bytes = kMaxChangedBytes);

// The folders above `path` that do not exist, outermost first.
[[nodiscard]] Result<std::vector<std::string>> missing_folders(const platform::HeldDirectory& workspace,
                                                               const std::string& path);

[[nodiscard]] FileState state_of(std::string_view bytes, std::uint32_t mode);
[[nodiscard]] std::string folder_of(const std::string& path);
// As open to others as the folder is, and never writable for them.
[[nodiscard]] Result<std::uint32_t> mode_below(const platform::HeldDirectory& workspace,
                                               const std::string& folder, EntryKind kind);

// Does the change: the entry must still be as `change.before` says, or already as `change.after` says
// (kConflict otherwise). Atomic and on the disk when it returns.
[[nodiscard]] Result<void> make_change(const platform::HeldDirectory& workspace, const Change& change,
                                       const std::string& new_bytes);

// Whether what is there is this state.
[[nodiscard]] bool is_state(const EntryNow& now, const std::optional<FileState>& state);

// A failing system call in words for the model; kStorage and the like stay as they are.
[[nodiscard]] Error explain_change(const platform::HeldDirectory& workspace, const std::string& path,
                                   const Error& error);

// An error that the model can do something about, and that is no fault of the machine.
[[nodiscard]] bool is_for_the_model(ErrorCode code);

}  // namespace pryx::tools::fs
