// SPDX-License-Identifier: MIT
// fs.list: the names in a folder of the workspace, with type and size.
#pragma once
#include "engine/tools/fs/file_tool.h"

namespace pryx::tools::fs {

class ListTool final : public FileTool {
 public:
  explicit ListTool(async::WorkerPool& pool);
  [[nodiscard]] std::string render(const json::object& arguments) const override;

 protected:
  [[nodiscard]] Result<ToolOutcome> perform(const json::object& arguments,
                                            const platform::HeldDirectory& workspace,
                                            std::stop_token stop) const override;
};

}  // namespace pryx::tools::fs
