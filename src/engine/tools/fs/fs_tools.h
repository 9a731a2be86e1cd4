// SPDX-License-Identifier: MIT
// The file tools: fs.list, fs.read, fs.search and fs.stat change nothing; fs.write, fs.edit, fs.move and
// fs.delete note what was there in the undo journal before they change it. The registry owns them; pool,
// clock and journal outlive it.
#pragma once
#include <memory>

#include "engine/tools/registry.h"
#include "foundation/async/worker_pool.h"

namespace pryx::tools {
class UndoJournal;
}

namespace pryx::tools::fs {

// All of them.
[[nodiscard]] Result<void> add_fs_tools(Registry& registry, async::WorkerPool& pool, const Clock& clock,
                                        UndoJournal& journal);

[[nodiscard]] std::unique_ptr<Tool> make_list_tool(async::WorkerPool& pool);
[[nodiscard]] std::unique_ptr<Tool> make_read_tool(async::WorkerPool& pool);
// The clock serves the time limit; it must be readable from worker threads.
[[nodiscard]] std::unique_ptr<Tool> make_search_tool(async::WorkerPool& pool, const Clock& clock);
[[nodiscard]] std::unique_ptr<Tool> make_stat_tool(async::WorkerPool& pool);
[[nodiscard]] std::unique_ptr<Tool> make_write_tool(async::WorkerPool& pool, UndoJournal& journal);
[[nodiscard]] std::unique_ptr<Tool> make_edit_tool(async::WorkerPool& pool, UndoJournal& journal);
[[nodiscard]] std::unique_ptr<Tool> make_move_tool(async::WorkerPool& pool, UndoJournal& journal);
[[nodiscard]] std::unique_ptr<Tool> make_delete_tool(async::WorkerPool& pool, UndoJournal& journal);

}  // namespace pryx::tools::fs
