// SPDX-License-Identifier: MIT
// fs.search: lines of the workspace's text files that match a pattern.
#pragma once
#include "engine/tools/fs/file_tool.h"

namespace pryx::tools::fs {

class SearchTool final : public FileTool {
 public:
  // The clock serves the time limit; it must be readable from worker threads.
  SearchTool(async::WorkerPool& pool, const Clock& clock);
  [[nodiscard]] std::string render(const json::object& arguments) const override;

 protected:
  [[nodiscard]] Result<ToolOutcome> perform(const json::object& arguments,
                                            const platform::HeldDirectory& workspace,
                                            std::stop_token stop) const override;

 private:
  const Clock& clock_;
};

}  // namespace pryx::tools::fs
