// SPDX-License-Identifier: MIT
// fs.stat: what one name in the workspace is. A link is described, not followed.
#pragma once
#include "engine/tools/fs/file_tool.h"

namespace pryx::tools::fs {

class StatTool final : public FileTool {
 public:
  explicit StatTool(async::WorkerPool& pool);
  [[nodiscard]] std::string render(const json::object& arguments) const override;

 protected:
  [[nodiscard]] Result<ToolOutcome> perform(const json::object& arguments,
                                            const platform::HeldDirectory& workspace,
                                            std::stop_token stop) const override;
};

}  // namespace pryx::tools::fs
