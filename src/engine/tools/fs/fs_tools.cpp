// SPDX-License-Identifier: MIT
#include "engine/tools/fs/fs_tools.h"

namespace pryx::tools::fs {

Result<void> add_fs_tools(Registry& registry, async::WorkerPool& pool, const Clock& clock,
                          UndoJournal& journal) {
  PRYX_TRY_VOID(registry.add(make_list_tool(pool)));
  PRYX_TRY_VOID(registry.add(make_read_tool(pool)));
  PRYX_TRY_VOID(registry.add(make_search_tool(pool, clock)));
  PRYX_TRY_VOID(registry.add(make_stat_tool(pool)));
  PRYX_TRY_VOID(registry.add(make_write_tool(pool, journal)));
  PRYX_TRY_VOID(registry.add(make_edit_tool(pool, journal)));
  PRYX_TRY_VOID(registry.add(make_move_tool(pool, journal)));
  PRYX_TRY_VOID(registry.add(make_delete_tool(pool, journal)));
  return {};
}

}  // namespace pryx::tools::fs
