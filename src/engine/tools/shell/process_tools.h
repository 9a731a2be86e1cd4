// SPDX-License-Identifier: MIT
// shell.list, shell.view, shell.write and shell.stop: what the agent can do with background processes, those
// of its session and the global ones. Owned by the tool registry; the processes outlive them. I/O thread.
#pragma once
#include "engine/tools/registry.h"
#include "engine/tools/shell/background_processes.h"
#include "engine/tools/tool.h"

namespace pryx::tools::shell {

[[nodiscard]] Result<void> add_process_tools(Registry& registry, BackgroundProcesses& processes);

class ListTool final : public Tool {
 public:
  explicit ListTool(BackgroundProcesses& processes);
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] std::string render(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                     ToolContext context) override;

 private:
  BackgroundProcesses& processes_;
  ToolDescription description_;
};

class ViewTool final : public Tool {
 public:
  explicit ViewTool(BackgroundProcesses& processes);
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] std::string render(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                     ToolContext context) override;

 private:
  BackgroundProcesses& processes_;
  ToolDescription description_;
};

// Input can be as much as a command (a shell reads it), so a person sees all of it.
class WriteTool final : public Tool {
 public:
  explicit WriteTool(BackgroundProcesses& processes);
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] std::string render(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<Binding>> bind(json::object arguments, ToolContext context) override;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                     ToolContext context) override;

 private:
  BackgroundProcesses& processes_;
  ToolDescription description_;
};

class StopTool final : public Tool {
 public:
  explicit StopTool(BackgroundProcesses& processes);
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] std::string render(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                     ToolContext context) override;

 private:
  BackgroundProcesses& processes_;
  ToolDescription description_;
};

}  // namespace pryx::tools::shell
