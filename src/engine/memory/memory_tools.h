// SPDX-License-Identifier: MIT
// memory.save and memory.search. Owned by the tool registry; the store outlives them. I/O thread.
#pragma once
#include "engine/memory/memory_store.h"
#include "engine/tools/tool.h"

namespace pryx::memory {

// Changes what the agent reads as its own later, so it counts as writing its own future.
class SaveTool final : public tools::Tool {
 public:
  explicit SaveTool(MemoryStore& store);
  [[nodiscard]] const tools::ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<tools::Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] std::string render(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<tools::ToolOutcome>> run(const tools::GatePass& pass,
                                                            json::object arguments,
                                                            tools::ToolContext context) override;

 private:
  MemoryStore& store_;
  tools::ToolDescription description_;
};

class SearchTool final : public tools::Tool {
 public:
  explicit SearchTool(MemoryStore& store);
  [[nodiscard]] const tools::ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<tools::Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] std::string render(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<tools::ToolOutcome>> run(const tools::GatePass& pass,
                                                            json::object arguments,
                                                            tools::ToolContext context) override;

 private:
  MemoryStore& store_;
  tools::ToolDescription description_;
};

}  // namespace pryx::memory
