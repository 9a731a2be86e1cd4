// SPDX-License-Identifier: MIT
// shell.exec: a command in the sandbox, in the foreground (its output is the result) or in the background (it
// gets an id). Owned by the tool registry; what it refers to outlives it. I/O thread.
#pragma once
#include "engine/tools/shell/background_processes.h"
#include "engine/tools/shell/exec_request.h"
#include "engine/tools/tool.h"
#include "foundation/async/worker_pool.h"

namespace pryx::tools::shell {

// Where the secrets of a command come from, at the last hop. Declared here for the tool's own need.
class CommandSecrets {
 public:
  virtual ~CommandSecrets() = default;
  // What an approval is bound to: for each name when it was set and for which hosts, or null when there is
  // none. No value.
  [[nodiscard]] virtual async::Task<Result<json::object>> describe(Principal principal,
                                                                   std::vector<std::string> names) = 0;
  // kForbidden when the secret is not meant for one of the hosts that the command may reach; kNotFound and
  // how to add it.
  [[nodiscard]] virtual async::Task<Result<Secret>> reveal(Principal principal, std::string name,
                                                           std::vector<std::string> hosts) = 0;
};

class ExecTool final : public Tool {
 public:
  // What is kept of the output of one call: all of it up to these, then head and tail. The model gets less
  // (the agent trims), the stored result has this.
  struct Caps {
    std::size_t output_head = 6u << 20, output_tail = 2u << 20;
    std::size_t error_head = 6u << 20, error_tail = 2u << 20;
  };
  struct Parts {
    async::EventLoop& loop;
    async::WorkerPool& pool;
    sandbox::Sandbox& sandbox;
    BackgroundProcesses& processes;
    egress::Broker* broker = nullptr;   // null: no command gets a network
    CommandJournal* journal = nullptr;  // null: what commands change cannot be undone
    CommandSecrets* secrets = nullptr;  // null: no command gets one
    Caps caps = {};
    // So long a start in the background is watched: what fails at once is told at once.
    Duration first_look = std::chrono::milliseconds(300);
  };

  explicit ExecTool(Parts parts);
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] EffectClass effect(const json::object& arguments) const override;
  [[nodiscard]] std::string render(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<Binding>> bind(json::object arguments, ToolContext context) override;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                     ToolContext context) override;

 private:
  [[nodiscard]] Result<sandbox::Request> make_request(const ExecRequest& request, const ToolContext& context,
                                                      const egress::ProxySocket* proxy) const;
  [[nodiscard]] Result<std::shared_ptr<egress::ProxySocket>> open_proxy(const ExecRequest& request,
                                                                        const ToolContext& context) const;
  [[nodiscard]] async::Task<Result<std::vector<sandbox::SecretFile>>> secrets_for(ExecRequest request,
                                                                                  Principal principal);
  [[nodiscard]] std::shared_ptr<RunRecorder> recorder_for(const ToolContext& context) const;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run_to_end(ExecRequest request, ToolContext context,
                                                            sandbox::Request launch);
  [[nodiscard]] async::Task<Result<ToolOutcome>> start_in_background(
      ExecRequest request, ToolContext context, sandbox::Request launch,
      std::shared_ptr<egress::ProxySocket> proxy);
  Parts parts_;
  ToolDescription description_;
};

}  // namespace pryx::tools::shell
