// SPDX-License-Identifier: MIT
// memory.save and memory.search. Owned by the tool registry; the store outlives them. I/O thread.
#pragma once
#include <memory>

#include "engine/memory/memory_store.h"
#include "engine/tools/registry.h"

namespace pryx::memory {

// All of them.
[[nodiscard]] Result<void> add_memory_tools(tools::Registry& registry, MemoryStore& store);

// Changes what the agent reads as its own later, so it counts as writing its own future.
[[nodiscard]] std::unique_ptr<tools::Tool> make_save_tool(MemoryStore& store);
[[nodiscard]] std::unique_ptr<tools::Tool> make_search_tool(MemoryStore& store);

}  // namespace pryx::memory
