// SPDX-License-Identifier: MIT
#include "setting_lists.h"

#include "engine/agent/failover.h"
#include "engine/models/local_servers.h"
#include "foundation/base/log.h"
#include "surfaces/server/public_origin.h"
#include "trust/telemetry/otlp_codec.h"

namespace pryx::app {
namespace {

template <class T>
Result<void> verdict(std::string_view key, const Result<T>& read) {
  if (!read) return fail(read.error().code, "{}: {}", key, read.error().message);
  return {};
}

}  // namespace

Result<void> check_list(std::string_view key, const json::value& value) {
  if (!value.is_string()) return {};
  const std::string_view text = value.get_string();
  if (key == "model.fallbacks") return verdict(key, agent::parse_fallbacks(text));
  if (key == "provider.local_ports") return verdict(key, models::parse_local_ports(text));
  if (key == "server.public_origin") return verdict(key, server::parse_public_origin(text));
  if (key == "telemetry.otlp.headers" && text != "none") return verdict(key, telemetry::parse_headers(text));
  return {};
}

Result<config::ConfigFile> read_config_file(std::string_view text) {
  constexpr std::string_view kName = "config.yaml";
  PRYX_TRY(config::ConfigFile file, config::parse_config_file(text, kName));
  for (const auto& [key, given] : file.layer.values) {
    const auto checked = check_list(key, given.value);
    if (!checked)
      return fail(checked.error().code, "{} line {}: {}", kName, given.source.substr(kName.size() + 1),
                  checked.error().message);
  }
  return file;
}

config::Layer stored_layer(const std::map<std::string, json::value>& stored) {
  config::Layer out{.origin = config::Origin::kDatabase, .values = {}};
  for (const auto& [key, value] : stored) {
    if (config::find_setting(key) == nullptr) continue;
    if (const auto checked = check_list(key, value); checked)
      out.values[key] = {value, "settings"};
    else
      log::error("config.invalid", {{"setting", key}, {"error", checked.error().message}});
  }
  return out;
}

}  // namespace pryx::app
