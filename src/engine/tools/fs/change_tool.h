// SPDX-License-Identifier: MIT
// What the tools that change files share. A call is planned without changing anything: what the files are and
// what they would become. The plan is what a person sees and approves, and it is made again right before the
// change; undo data is on disk before the first byte moves. Owned by the registry; I/O thread, planning and
// changing on worker threads.
#pragma once
#include <stop_token>

#include "engine/tools/fs/entry_state.h"
#include "engine/tools/fs/workspace_path.h"
#include "engine/tools/tool.h"
#include "engine/tools/undo/undo_journal.h"
#include "foundation/async/worker_pool.h"

namespace pryx::tools::fs {

struct PlannedChange {
  Change change;
  std::string new_bytes;  // of change.after
};

struct ChangePlan {
  std::vector<PlannedChange> changes;  // in the order of doing; empty: everything is as asked for already
  std::string preview;                 // for people; ends in a newline
  bool shown_whole = true;
  ToolOutcome done;  // what to say when all of it is done
};

class ChangeTool : public Tool {
 public:
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  // The arguments `path`, `from` and `to`. kDenied for a protected name, so that nobody is asked about it.
  [[nodiscard]] Result<Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<Binding>> bind(json::object arguments, ToolContext context) override;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                     ToolContext context) override;
  // From the undo journal, which knows what a file was to become.
  [[nodiscard]] async::Task<PastEffect> query(json::object arguments, ToolContext context) override;

 protected:
  ChangeTool(async::WorkerPool& pool, UndoJournal& journal, std::string_view name, std::string_view text,
             std::string_view parameters, Risk risk);
  // On a worker thread; reads only. Errors that is_for_the_model() become the tool's answer.
  [[nodiscard]] virtual Result<ChangePlan> plan(const json::object& arguments,
                                                const platform::HeldDirectory& workspace) const = 0;
  // On a worker thread; the undo data is safe. One change after the other unless a tool knows better.
  [[nodiscard]] virtual Result<void> apply(const ChangePlan& plan,
                                           const platform::HeldDirectory& workspace) const;

 private:
  [[nodiscard]] async::Task<Result<ChangePlan>> plan_on_pool(json::object arguments, ToolContext context);
  [[nodiscard]] async::Task<Result<ToolOutcome>> change(json::object arguments, ToolContext context);

  async::WorkerPool& pool_;
  UndoJournal& journal_;
  ToolDescription description_;
};

// A path argument that may be changed: inside of the workspace, not the workspace itself, not protected by
// its name or by a Git repository around it.
[[nodiscard]] Result<std::string> changeable_path(const platform::HeldDirectory& workspace,
                                                  const json::object& arguments, std::string_view key);

// Adds one file's change with its folders, its diff and notes on what else a person should know.
[[nodiscard]] Result<void> plan_file(ChangePlan& plan, const platform::HeldDirectory& workspace,
                                     const std::string& path, EntryNow now,
                                     std::optional<std::string> new_bytes);

[[nodiscard]] bool flag_argument(const json::object& arguments, std::string_view key, bool fallback);

}  // namespace pryx::tools::fs
