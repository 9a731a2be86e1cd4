// SPDX-License-Identifier: MIT
// fs.read: lines of a text file in the workspace. A binary file is described, not shown.
#pragma once
#include "engine/tools/fs/file_tool.h"

namespace pryx::tools::fs {

class ReadTool final : public FileTool {
 public:
  explicit ReadTool(async::WorkerPool& pool);
  [[nodiscard]] std::string render(const json::object& arguments) const override;

 protected:
  [[nodiscard]] Result<ToolOutcome> perform(const json::object& arguments,
                                            const platform::HeldDirectory& workspace,
                                            std::stop_token stop) const override;
};

}  // namespace pryx::tools::fs
