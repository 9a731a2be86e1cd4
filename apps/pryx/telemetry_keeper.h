// SPDX-License-Identifier: MIT
// Traces for a collector, put together: the exporter, its settings and the last hop of its headers' values.
// I/O thread only.
#pragma once
#include "foundation/config/layers.h"
#include "foundation/platform/environment.h"
#include "trust/telemetry/otlp_exporter.h"
#include "trust/vault/vault.h"

namespace pryx::app {

class TelemetryKeeper final : public telemetry::ExportSecrets {
 public:
  struct Parts {
    async::EventLoop& loop;
    db::Database& database;
    egress::Broker& broker;
    vault::Vault& vault;
    const platform::Environment& environment;
    telemetry::Resource resource;
  };
  explicit TelemetryKeeper(Parts parts);
  void use(const config::Config& config);
  [[nodiscard]] async::Task<void> stop() { return exporter_.stop(); }

  [[nodiscard]] async::Task<Result<Secret>> reveal(std::string reference, net::Url url) override;
  [[nodiscard]] async::Task<Result<std::vector<Secret>>> values_to_redact() override;

 private:
  vault::Vault& vault_;
  const platform::Environment& environment_;
  telemetry::OtlpExporter exporter_;
};

}  // namespace pryx::app
