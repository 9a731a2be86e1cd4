// SPDX-License-Identifier: MIT
#include "setting_lists.h"

#include <algorithm>
#include <charconv>

#include "engine/agent/failover.h"
#include "engine/models/local_servers.h"
#include "foundation/base/log.h"
#include "surfaces/server/public_origin.h"
#include "trust/telemetry/otlp_codec.h"

namespace pryx::app {
namespace {

constexpr std::string_view kName = "config.yaml";

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
  PRYX_TRY(config::ConfigFile file, config::parse_config_file(text, kName));
  for (const auto& [key, given] : file.layer.values) {
    const auto checked = check_list(key, given.value);
    if (!checked)
      return fail(checked.error().code, "{} line {}: {}", kName, given.source.substr(kName.size() + 1),
                  checked.error().message);
  }
  return file;
}

server::FileProblem problem_of_config(const Error& error) {
  constexpr std::string_view kLine = "line ";
  constexpr std::string_view kBeforeReason = ": ";
  std::string_view text = error.message;
  if (text.starts_with(kName)) text.remove_prefix(std::min(text.size(), kName.size() + 1));
  if (text.starts_with(kLine)) {
    const std::string_view rest = text.substr(kLine.size());
    int line = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), line);
    const std::string_view after(read.ptr, static_cast<std::size_t>(rest.data() + rest.size() - read.ptr));
    if (read.ec == std::errc() && after.starts_with(kBeforeReason))
      return {line, std::string(after.substr(kBeforeReason.size()))};
  }
  return {std::nullopt, std::string(text)};
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
