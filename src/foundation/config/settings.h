// SPDX-License-Identifier: MIT
// The table of settings that exist. A key that is not in it is no setting: files may hold it (with a
// warning), nothing else may. Pure.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"

namespace pryx::config {

// A size is a whole number of `unit`; a list is a text with commas between its values.
enum class SettingType : std::uint8_t { kText, kInteger, kBoolean, kDuration, kSize, kChoice, kList };
[[nodiscard]] std::string_view type_name(SettingType type);  // "text", "integer"…: the words of the API

struct Setting {
  std::string_view key;  // dotted: "log.level" is `log: {level: …}` in config.yaml
  SettingType type = SettingType::kText;
  std::string_view default_value;                  // as a person would write it
  std::string_view help = {};                      // one sentence
  std::span<const std::string_view> choices = {};  // for kChoice
  std::int64_t minimum = 0, maximum = 0;           // for numbers, and in milliseconds for kDuration
  std::string_view unit = {};                      // what a number counts
  std::string_view nothing = {};      // the word that a text or list is when there is none: "off", "none"
  std::string_view environment = {};  // variable that sets it, empty: none
  bool needs_restart = false;         // an edit shows at the next start
};

[[nodiscard]] std::span<const Setting> settings();
[[nodiscard]] const Setting* find_setting(std::string_view key);
[[nodiscard]] const Setting& get_setting(std::string_view key);  // the key is one of the table's
// "unknown setting 'log.levle'; did you mean 'log.level'?"
[[nodiscard]] std::string describe_unknown(std::string_view key);
// Which values it takes, behind "give": "one of debug, info, warn, error". What a refused value is answered
// with.
[[nodiscard]] std::string describe_allowed(const Setting& setting);
// Everything about a setting but its value, as the API tells it.
[[nodiscard]] json::object describe_setting(const Setting& setting);

// A value in its canonical JSON form (durations stay text), or why it does not fit.
[[nodiscard]] Result<json::value> check_setting(const Setting& setting, const json::value& value);
// The same from text: a flag, a variable, `pryx config set`.
[[nodiscard]] Result<json::value> parse_setting(const Setting& setting, std::string_view text);

}  // namespace pryx::config
