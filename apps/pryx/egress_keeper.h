// SPDX-License-Identifier: MIT
// The way out, put together: the broker over the daemon's HTTP client, its record in the database, the reader
// of pages and the tools that use them. Built before the gate and stopped after it. I/O thread only.
#pragma once
#include <memory>
#include <string>

#include "engine/tools/http/http_tool.h"
#include "engine/tools/registry.h"
#include "foundation/async/worker_pool.h"
#include "trust/egress/broker.h"
#include "trust/trace/recorder.h"
#include "trust/vault/vault.h"

namespace pryx::app {

// The last hop of a secret: it leaves the vault only for a host that it names.
class RequestSecrets final : public tools::http::SecretSource {
 public:
  explicit RequestSecrets(vault::Vault& vault) : vault_(vault) {}
  [[nodiscard]] async::Task<Result<Secret>> reveal(Principal principal, std::string name,
                                                   net::Url url) override {
    co_return co_await vault_.get_for(std::move(principal), std::move(name), std::move(url));
  }

 private:
  vault::Vault& vault_;
};

class EgressKeeper {
 public:
  struct Parts {
    async::RealEventLoop& loop;
    async::WorkerPool& pool;
    net::HttpClient& client;
    db::Database& database;
    audit::AuditLog& audit;
    vault::Vault& vault;
    trace::Recorder& trace;
    std::string run_directory;  // proxy sockets lie below it
  };
  explicit EgressKeeper(const Parts& parts);
  [[nodiscard]] Result<void> add_tools(tools::Registry& registry);
  [[nodiscard]] async::Task<Result<void>> start() { return log_.start(); }
  [[nodiscard]] async::Task<Result<void>> purge() { return log_.purge(); }
  [[nodiscard]] async::Task<void> stop() { return broker_->stop(); }
  [[nodiscard]] egress::Broker& broker() { return *broker_; }
  // Pryx's own TCP port: nothing that leaves through here may come back to it.
  void set_own_port(std::uint16_t port) { *own_port_ = port; }

 private:
  egress::EgressLog log_;
  RequestSecrets secrets_;
  std::shared_ptr<std::uint16_t> own_port_ = std::make_shared<std::uint16_t>(0);
  std::unique_ptr<egress::Broker> broker_;
  std::unique_ptr<tools::http::PageReader> pages_;
};

}  // namespace pryx::app
