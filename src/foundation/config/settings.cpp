// SPDX-License-Identifier: MIT
#include "foundation/config/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "foundation/base/text.h"

namespace pryx::config {
namespace {

constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warn", "error"};

constexpr std::array<std::string_view, 3> kRecallModes{"own", "all", "off"};
constexpr std::array<std::string_view, 2> kOtlpProtocols{"http/protobuf", "http/json"};

constexpr std::array kSettings{
    Setting{.key = "approval.timeout",
            .type = SettingType::kDuration,
            .default_value = "5m",
            .help = "How long an approval waits for an answer before it counts as denied.",
            .minimum = 1'000,
            .maximum = 7 * 86'400'000LL},
    Setting{
        .key = "audit.copy_to",
        .type = SettingType::kText,
        .default_value = "off",
        .help =
            "A folder outside of Pryx's own that gets a copy of each signed checkpoint of the audit log, or "
            "'off'. Best is one that this machine can only add to."},
    Setting{
        .key = "context.thinking_budget",
        .type = SettingType::kInteger,
        .default_value = "100000",
        .help =
            "Tokens of a model's reasoning that a session sends back to its vendor; at 80 % the oldest go.",
        .minimum = 1'000,
        .maximum = 10'000'000},
    Setting{.key = "heartbeat.enabled",
            .type = SettingType::kBoolean,
            .default_value = "false",
            .help =
                "Whether a workspace's HEARTBEAT.md starts a turn now and then, every 30 minutes unless the "
                "agent says otherwise."},
    Setting{.key = "listen",
            .type = SettingType::kText,
            .default_value = "127.0.0.1:7799",
            .help = "Address and port of the HTTP interface, or 'off' for the Unix socket alone.",
            .environment = "PRYX_LISTEN",
            .needs_restart = true},
    Setting{.key = "log.level",
            .type = SettingType::kChoice,
            .default_value = "info",
            .help = "The least important kind of log line that is written.",
            .choices = kLogLevels,
            .environment = "PRYX_LOG_LEVEL",
            .needs_restart = true},
    Setting{.key = "memory.in_prompt",
            .type = SettingType::kChoice,
            .default_value = "own",
            .help = "What of the memory stands in a prompt unasked: own (what you said yourself), all (also "
                    "what came "
                    "from files, the web or others, which then counts as read), or off.",
            .choices = kRecallModes},
    Setting{.key = "model.default",
            .type = SettingType::kText,
            .default_value = "starter/commands",
            .help = "The model, as provider/model, of sessions that name none."},
    Setting{.key = "model.fallbacks",
            .type = SettingType::kText,
            .default_value = "none",
            .help = "Models, as provider/model with commas between, that answer when the chosen one cannot; "
                    "or none."},
    Setting{.key = "openai.retention",
            .type = SettingType::kDuration,
            .default_value = "7d",
            .help = "How long a conversation of the OpenAI-compatible front is kept after its last use.",
            .minimum = 60'000,
            .maximum = 3'650 * 86'400'000LL},
    Setting{.key = "provider.local_ports",
            .type = SettingType::kText,
            .default_value = "11434, 8080, 1234, 8000",
            .help = "Ports of this machine that are asked for model servers, with commas between; or none."},
    Setting{
        .key = "telemetry.otlp.endpoint",
        .type = SettingType::kText,
        .default_value = "off",
        .help = "A collector of your own that gets traces by OTLP/HTTP, redacted: its address, or 'off'."},
    Setting{.key = "telemetry.otlp.headers",
            .type = SettingType::kText,
            .default_value = "none",
            .help = "Headers for the collector, NAME=keychain:SECRET or NAME=${VARIABLE}, parted by commas."},
    Setting{.key = "telemetry.otlp.protocol",
            .type = SettingType::kChoice,
            .default_value = "http/protobuf",
            .help = "How traces are written for the collector.",
            .choices = kOtlpProtocols},
    Setting{.key = "tools.kill_grace",
            .type = SettingType::kDuration,
            .default_value = "2s",
            .help = "How long a command that is cancelled or out of time may tidy up before it is killed.",
            .minimum = 0,
            .maximum = 60'000},
    Setting{.key = "tools.max_steps",
            .type = SettingType::kInteger,
            .default_value = "50",
            .help = "Model calls that one turn may make before it stops and says so.",
            .minimum = 1,
            .maximum = 1'000},
    Setting{.key = "undo.max_age",
            .type = SettingType::kDuration,
            .default_value = "30d",
            .help = "How long it is kept what files were before a tool changed them.",
            .minimum = 3'600'000,
            .maximum = 3'650 * 86'400'000LL},
    Setting{.key = "undo.max_file_mib",
            .type = SettingType::kInteger,
            .default_value = "16",
            .help = "The largest file, in MiB, whose content is kept for undo.",
            .minimum = 1,
            .maximum = 16},
    Setting{.key = "undo.max_total_mib",
            .type = SettingType::kInteger,
            .default_value = "256",
            .help = "How much, in MiB, is kept for undo in all; the oldest goes first.",
            .minimum = 1,
            .maximum = 16'384},
    Setting{.key = "vault.lock_after",
            .type = SettingType::kDuration,
            .default_value = "15m",
            .help = "How long after its last use a vault with a passphrase locks itself.",
            .minimum = 60'000,
            .maximum = 3'650 * 86'400'000LL},
};

std::string_view type_name(SettingType type) {
  switch (type) {
    case SettingType::kText:
      return "text";
    case SettingType::kInteger:
      return "a whole number";
    case SettingType::kBoolean:
      return "true or false";
    case SettingType::kDuration:
      return "a duration such as 30s or 5m";
    case SettingType::kChoice:
      return "a word";
  }
  return "?";
}

std::unexpected<Error> wrong(const Setting& setting, std::string_view given) {
  return fail(ErrorCode::kInvalidArgument, "{}: '{}' is not {}", setting.key, utf8_prefix(given, 60),
              type_name(setting.type));
}

std::string choices_of(const Setting& setting) { return fmt::format("{}", fmt::join(setting.choices, ", ")); }

Result<json::value> check_text(const Setting& setting, std::string_view text) {
  if (setting.type == SettingType::kDuration) {
    const auto duration = parse_duration(text);
    if (!duration) return wrong(setting, text);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count();
    if (ms < setting.minimum || ms > setting.maximum) {
      return fail(ErrorCode::kInvalidArgument, "{}: {} is out of range; choose from {} to {}", setting.key,
                  utf8_prefix(text, 60), format_duration(std::chrono::milliseconds(setting.minimum)),
                  format_duration(std::chrono::milliseconds(setting.maximum)));
    }
  }
  if (setting.type == SettingType::kChoice &&
      std::ranges::find(setting.choices, text) == setting.choices.end()) {
    return fail(ErrorCode::kInvalidArgument, "{}: '{}' is none of {}", setting.key, utf8_prefix(text, 60),
                choices_of(setting));
  }
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "{}: the value is empty", setting.key);
  return json::value(text);
}

Result<json::value> check_integer(const Setting& setting, std::int64_t number) {
  if (number < setting.minimum || number > setting.maximum) {
    return fail(ErrorCode::kInvalidArgument, "{}: {} is out of range; choose from {} to {}", setting.key,
                number, setting.minimum, setting.maximum);
  }
  return json::value(number);
}

}  // namespace

std::span<const Setting> settings() { return kSettings; }

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(kSettings, key, &Setting::key);
  return found == kSettings.end() ? nullptr : &*found;
}

const Setting& get_setting(std::string_view key) {
  const Setting* setting = find_setting(key);
  PRYX_CHECK(setting != nullptr);
  return *setting;
}

std::string describe_unknown(std::string_view key) {
  const auto nearest =
      std::ranges::min_element(kSettings, {}, [&](const Setting& s) { return edit_distance(key, s.key); });
  const std::string shown = to_valid_utf8(utf8_prefix(key, 60));
  if (edit_distance(key, nearest->key) > 3) return fmt::format("unknown setting '{}'", shown);
  return fmt::format("unknown setting '{}'; did you mean '{}'?", shown, nearest->key);
}

Result<json::value> check_setting(const Setting& setting, const json::value& value) {
  switch (setting.type) {
    case SettingType::kText:
    case SettingType::kDuration:
    case SettingType::kChoice:
      if (value.is_string()) return check_text(setting, value.as_string());
      break;
    case SettingType::kInteger:
      if (value.is_int64()) return check_integer(setting, value.as_int64());
      break;
    case SettingType::kBoolean:
      if (value.is_bool()) return value;
      break;
  }
  return wrong(setting, json::to_text(value));
}

Result<json::value> parse_setting(const Setting& setting, std::string_view text) {
  const std::string_view word = trim(text);
  if (setting.type == SettingType::kInteger) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) return wrong(setting, word);
    return check_integer(setting, number);
  }
  if (setting.type == SettingType::kBoolean) {
    if (word != "true" && word != "false") return wrong(setting, word);
    return json::value(word == "true");
  }
  return check_text(setting, word);
}

}  // namespace pryx::config
