// SPDX-License-Identifier: MIT
#include "foundation/config/layers.h"

#include <algorithm>

namespace pryx::config {

std::string_view origin_name(Origin origin) {
  switch (origin) {
    case Origin::kDefault:
      return "default";
    case Origin::kFile:
      return "file";
    case Origin::kDatabase:
      return "database";
    case Origin::kEnvironment:
      return "environment";
    case Origin::kFlag:
      return "flag";
  }
  return "?";
}

Result<void> Layer::set(std::string_view key, std::string_view text, std::string source) {
  const Setting* setting = find_setting(key);
  if (setting == nullptr) return fail(ErrorCode::kNotFound, "{}", describe_unknown(key));
  PRYX_TRY(json::value value, parse_setting(*setting, text));
  values.insert_or_assign(std::string(key), LayerValue{std::move(value), std::move(source)});
  return {};
}

Result<Layer> environment_layer(const platform::Environment& environment) {
  Layer layer{Origin::kEnvironment, {}};
  for (const Setting& setting : settings()) {
    if (setting.environment.empty()) continue;
    const auto text = environment.find(setting.environment);
    if (!text) continue;
    const auto set = layer.set(setting.key, *text, std::string(setting.environment));
    if (!set) return fail(set.error().code, "variable {}: {}", setting.environment, set.error().message);
  }
  return layer;
}

Config::Config(const std::vector<Layer>& layers) {
  for (const Setting& setting : settings()) {
    auto value = parse_setting(setting, setting.default_value);
    PRYX_CHECK(value.has_value());
    values_.emplace(setting.key, Effective{std::move(*value), Origin::kDefault, "default"});
  }
  for (const Layer& layer : layers) {
    for (const auto& [key, given] : layer.values) {
      const auto found = values_.find(key);
      if (found == values_.end() || found->second.origin > layer.origin) continue;
      found->second = Effective{given.value, layer.origin, given.source};
    }
  }
}

const Config::Effective* Config::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

json::array Config::describe() const {
  json::array out;
  for (const Setting& setting : settings()) {
    const Effective& effective = values_.at(std::string(setting.key));
    json::object item = describe_setting(setting);
    item["value"] = effective.value;
    item["origin"] = origin_name(effective.origin);
    item["source"] = effective.source;
    out.push_back(std::move(item));
  }
  return out;
}

std::string Config::text(std::string_view key) const {
  const Effective* effective = find(key);
  PRYX_CHECK(effective != nullptr && effective->value.is_string());
  return std::string(effective->value.as_string());
}

std::int64_t Config::integer(std::string_view key) const {
  const Effective* effective = find(key);
  PRYX_CHECK(effective != nullptr && effective->value.is_int64());
  return effective->value.as_int64();
}

Duration Config::duration(std::string_view key) const {
  const auto parsed = parse_duration(text(key));
  PRYX_CHECK(parsed.has_value());
  return *parsed;
}

}  // namespace pryx::config
