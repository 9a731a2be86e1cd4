// SPDX-License-Identifier: MIT
// What the read-only file tools share: they work on a worker thread below the session's held workspace
// directory, change nothing, and label what they read as `file`. Blocking work lives in perform(), which
// keeps no state and looks at the stop token.
#pragma once
#include <stop_token>

#include "engine/tools/fs/denied_paths.h"
#include "engine/tools/fs/workspace_path.h"
#include "engine/tools/tool.h"
#include "foundation/async/worker_pool.h"
#include "foundation/platform/held_directory.h"

namespace pryx::tools::fs {

class FileTool : public Tool {
 public:
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  // The argument `path`; absent, it is the workspace itself.
  [[nodiscard]] Result<Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                     ToolContext context) override;

 protected:
  // `parameters`: JSON text of the schema, a constant.
  FileTool(async::WorkerPool& pool, std::string_view name, std::string_view text,
           std::string_view parameters);
  // On a worker thread. ok=false for what the model can do something about; an Error for the rest. Labels are
  // added by run(). That `path` leads to nothing denied was looked at just before; what is opened is to be
  // looked at again where its bytes count.
  [[nodiscard]] virtual Result<ToolOutcome> perform(const json::object& arguments,
                                                    const platform::HeldDirectory& workspace,
                                                    const DeniedPaths& denied,
                                                    std::stop_token stop) const = 0;

 private:
  async::WorkerPool& pool_;
  ToolDescription description_;
};

[[nodiscard]] ToolOutcome refusal(std::string text);
// `path` leads to what the rules deny.
[[nodiscard]] ToolOutcome denied_refusal(std::string_view path);
// The argument `path` as one line for people.
[[nodiscard]] std::string render_path(const json::object& arguments);
// An integer argument inside of its bounds, whatever was written.
[[nodiscard]] std::size_t count_argument(const json::object& arguments, std::string_view key,
                                         std::size_t fallback, std::size_t most);

// The path argument, ready for HeldDirectory; the outcome is a refusal to hand on.
[[nodiscard]] std::expected<WorkspacePath, ToolOutcome> path_argument(const json::object& arguments);

// Why a path could not be used, in words that help: the nearest existing names, the part that is no folder,
// the link that leads out. Errors that are no fault of the path (the disk, too many open files) come back as
// errors. Names that are denied are not suggested.
[[nodiscard]] Result<ToolOutcome> explain(const platform::HeldDirectory& workspace, std::string_view path,
                                          const Error& error, const DeniedPaths& denied);

// The text of a symbolic link, as stored; never followed.
[[nodiscard]] Result<std::string> read_link(const platform::HeldDirectory& workspace, std::string_view path);

// "1 file", "3 files".
[[nodiscard]] std::string counted(std::size_t n, std::string_view one, std::string_view many);

}  // namespace pryx::tools::fs
