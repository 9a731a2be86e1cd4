// SPDX-License-Identifier: MIT
// Which value of a setting counts: default < file < database < environment < flag. A Config is an immutable
// value; a change makes another one. Pure; any thread.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "foundation/config/settings.h"
#include "foundation/platform/environment.h"

namespace pryx::config {

enum class Origin : std::uint8_t { kDefault, kFile, kDatabase, kEnvironment, kFlag };  // weakest first
[[nodiscard]] std::string_view origin_name(Origin origin);

struct LayerValue {
  json::value value;   // already checked
  std::string source;  // for people: "config.yaml:3", "PRYX_LISTEN", "--listen"
};

struct Layer {
  Origin origin = Origin::kDefault;
  std::map<std::string, LayerValue, std::less<>> values;

  // Checks the text and adds it; kNotFound for an unknown key.
  [[nodiscard]] Result<void> set(std::string_view key, std::string_view text, std::string source);
};

// The settings that variables of the environment give. A value that does not fit is an error that names the
// variable.
[[nodiscard]] Result<Layer> environment_layer(const platform::Environment& environment);

class Config {
 public:
  struct Effective {
    json::value value;
    Origin origin = Origin::kDefault;
    std::string source;
  };

  Config() : Config(std::vector<Layer>{}) {}
  // In any order; of two layers with the same origin the later wins.
  explicit Config(const std::vector<Layer>& layers);

  [[nodiscard]] const Effective* find(std::string_view key) const;  // nullptr: no such setting
  [[nodiscard]] const std::map<std::string, Effective, std::less<>>& all() const { return values_; }
  // Every setting of the table with its value, as the API tells it: describe_setting(), value, origin,
  // source.
  [[nodiscard]] json::array describe() const;
  // The key is one of the table's, of the type that is asked for.
  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key) const;
  [[nodiscard]] Duration duration(std::string_view key) const;

 private:
  std::map<std::string, Effective, std::less<>> values_;
};

}  // namespace pryx::config
