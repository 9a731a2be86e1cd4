// SPDX-License-Identifier: MIT
#include "telemetry_keeper.h"

#include "admin.h"

namespace pryx::app {

TelemetryKeeper::TelemetryKeeper(Parts parts)
    : vault_(parts.vault),
      environment_(parts.environment),
      exporter_({.loop = parts.loop,
                 .database = parts.database,
                 .broker = parts.broker,
                 .secrets = *this,
                 .resource = std::move(parts.resource)}) {}

void TelemetryKeeper::use(const config::Config& config) {
  const std::string endpoint = config.text("telemetry.otlp.endpoint");
  const std::string headers = config.text("telemetry.otlp.headers");
  exporter_.use({.endpoint = endpoint == "off" ? std::string() : endpoint,
                 .as_json = config.text("telemetry.otlp.protocol") == "http/json",
                 .headers = headers == "none" ? std::string() : headers});
}

async::Task<Result<Secret>> TelemetryKeeper::reveal(std::string reference, net::Url url) {
  PRYX_CO_TRY(const vault::SecretRef parsed, vault::SecretRef::parse(reference));
  if (parsed.kind() == vault::SecretRef::Kind::kVault)
    co_return co_await vault_.get_for(owner(), parsed.name(), std::move(url));
  const auto value = environment_.find(parsed.name());
  if (!value) co_return fail(ErrorCode::kNotFound, "the variable {} is not set", parsed.name());
  co_return Secret(std::string(*value));
}

async::Task<Result<std::vector<Secret>>> TelemetryKeeper::values_to_redact() {
  co_return co_await all_secrets(vault_, owner());
}

}  // namespace pryx::app
