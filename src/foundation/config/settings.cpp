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
    Setting{.key = "agent.turn_timeout",
            .type = SettingType::kDuration,
            .default_value = "10m",
            .help = "How long one turn may work, waiting for you or for sub-agents left out, before it fails "
                    "and says so; a command that runs then is stopped, and you are asked what came of it. "
                    "Raise it for long builds, or run them in the background. 0s: no limit.",
            .minimum = 0,
            .maximum = 7 * 86'400'000LL},
    Setting{.key = "agent.wait_for_model",
            .type = SettingType::kDuration,
            .default_value = "24h",
            .help = "How long a turn waits, and asks again by itself, while no model can be reached over the "
                    "network or each asks for a longer pause, before it fails. A server on this machine is "
                    "not waited for. 0s: the turn fails at once.",
            .minimum = 0,
            .maximum = 7 * 86'400'000LL},
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
            "'off'. Best is one that this machine can only add to.",
        .nothing = "off"},
    Setting{
        .key = "context.thinking_budget",
        .type = SettingType::kInteger,
        .default_value = "100000",
        .help =
            "Tokens of a model's reasoning that a session sends back to its vendor; at 80 % the oldest go.",
        .minimum = 1'000,
        .maximum = 10'000'000,
        .unit = "tokens"},
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
            .nothing = "off",
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
            .type = SettingType::kList,
            .default_value = "none",
            .help = "Models, as provider/model with commas between, that answer when the chosen one cannot; "
                    "or none.",
            .nothing = "none"},
    Setting{.key = "openai.retention",
            .type = SettingType::kDuration,
            .default_value = "7d",
            .help = "How long a conversation of the OpenAI-compatible front is kept after its last use.",
            .minimum = 60'000,
            .maximum = 3'650 * 86'400'000LL},
    Setting{.key = "provider.local_ports",
            .type = SettingType::kList,
            .default_value = "11434, 8080, 1234, 8000",
            .help = "Ports of this machine that are asked for model servers, with commas between; or none.",
            .nothing = "none"},
    Setting{.key = "server.connections_per_address",
            .type = SettingType::kInteger,
            .default_value = "10000",
            .help = "Connections that one network address may have open at once; the Unix socket has none.",
            .minimum = 1,
            .maximum = 10'000,
            .unit = "connections"},
    Setting{.key = "server.public_origin",
            .type = SettingType::kText,
            .default_value = "off",
            .help = "The address, as https://HOST, under which a TLS terminator on this machine makes the "
                    "Control Center reachable from elsewhere (see: pryx docs remote), or 'off'. Pryx itself "
                    "goes on answering this machine only.",
            .nothing = "off",
            .needs_restart = true},
    Setting{.key = "server.requests_per_second",
            .type = SettingType::kInteger,
            .default_value = "20000",
            .help = "HTTP requests that one network address may make in a second, twice as many at once; 0: "
                    "no limit. The Unix socket has none.",
            .minimum = 0,
            .maximum = 1'000'000,
            .unit = "requests"},
    Setting{.key = "telemetry.otlp.endpoint",
            .type = SettingType::kText,
            .default_value = "off",
            .help = "A collector of your own that gets traces by OTLP/HTTP, redacted: its address, or 'off'.",
            .nothing = "off"},
    Setting{.key = "telemetry.otlp.headers",
            .type = SettingType::kList,
            .default_value = "none",
            .help = "Headers for the collector, NAME=keychain:SECRET or NAME=${VARIABLE}, parted by commas.",
            .nothing = "none"},
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
            .maximum = 1'000,
            .unit = "calls"},
    Setting{.key = "undo.max_age",
            .type = SettingType::kDuration,
            .default_value = "30d",
            .help = "How long it is kept what files were before a tool changed them.",
            .minimum = 3'600'000,
            .maximum = 3'650 * 86'400'000LL},
    Setting{.key = "undo.max_file_mib",
            .type = SettingType::kSize,
            .default_value = "16",
            .help = "The largest file, in MiB, whose content is kept for undo.",
            .minimum = 1,
            .maximum = 16,
            .unit = "MiB"},
    Setting{.key = "undo.max_total_mib",
            .type = SettingType::kSize,
            .default_value = "256",
            .help = "How much, in MiB, is kept for undo in all; the oldest goes first.",
            .minimum = 1,
            .maximum = 16'384,
            .unit = "MiB"},
    Setting{.key = "vault.lock_after",
            .type = SettingType::kDuration,
            .default_value = "15m",
            .help = "How long after its last use a vault with a passphrase locks itself.",
            .minimum = 60'000,
            .maximum = 3'650 * 86'400'000LL},
};

// Exact, in the largest unit that divides it: what is shown is what is compared.
std::string limit_text(const Setting& setting, std::int64_t limit) {
  if (setting.type != SettingType::kDuration) return fmt::format("{}", limit);
  constexpr std::pair<std::int64_t, std::string_view> kUnits[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}};
  if (limit == 0) return "0s";
  for (const auto& [size, name] : kUnits)
    if (limit % size == 0) return fmt::format("{}{}", limit / size, name);
  return fmt::format("{}ms", limit);
}

json::value limit_json(const Setting& setting, std::int64_t limit) {
  switch (setting.type) {
    case SettingType::kInteger:
    case SettingType::kSize:
      return limit;
    case SettingType::kDuration:
      return json::value(limit_text(setting, limit));
    case SettingType::kText:
    case SettingType::kBoolean:
    case SettingType::kChoice:
    case SettingType::kList:
      break;
  }
  return nullptr;
}

json::value text_or_null(std::string_view text) { return text.empty() ? json::value() : json::value(text); }

std::unexpected<Error> wrong(const Setting& setting, std::string_view given) {
  // Of a free text nothing is repeated: it may be a secret that was written to the wrong place.
  if (setting.type == SettingType::kList || setting.type == SettingType::kText)
    return fail(ErrorCode::kInvalidArgument, "{}: give {}", setting.key, describe_allowed(setting));
  return fail(ErrorCode::kInvalidArgument, "{}: '{}' is not allowed; give {}", setting.key,
              utf8_prefix(given, 60), describe_allowed(setting));
}

bool is_within(const Setting& setting, std::int64_t number) {
  return number >= setting.minimum && number <= setting.maximum;
}

bool fits(const Setting& setting, std::string_view text) {
  switch (setting.type) {
    case SettingType::kDuration: {
      const auto duration = parse_duration(text);
      return duration &&
             is_within(setting, std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count());
    }
    case SettingType::kChoice:
      return std::ranges::find(setting.choices, text) != setting.choices.end();
    case SettingType::kList:
      return std::ranges::any_of(split(text, ','), [](std::string_view one) { return !trim(one).empty(); });
    case SettingType::kText:
    case SettingType::kInteger:
    case SettingType::kBoolean:
    case SettingType::kSize:
      break;
  }
  return !text.empty();
}

Result<json::value> check_text(const Setting& setting, std::string_view text) {
  if (!fits(setting, text)) return wrong(setting, text);
  return json::value(text);
}

Result<json::value> check_integer(const Setting& setting, std::int64_t number) {
  if (!is_within(setting, number)) return wrong(setting, fmt::format("{}", number));
  return json::value(number);
}

}  // namespace

std::string_view type_name(SettingType type) {
  switch (type) {
    case SettingType::kText:
      return "text";
    case SettingType::kInteger:
      return "integer";
    case SettingType::kBoolean:
      return "boolean";
    case SettingType::kDuration:
      return "duration";
    case SettingType::kSize:
      return "size";
    case SettingType::kChoice:
      return "choice";
    case SettingType::kList:
      return "list";
  }
  return "?";
}

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

std::string describe_allowed(const Setting& setting) {
  const std::string from = limit_text(setting, setting.minimum), to = limit_text(setting, setting.maximum);
  const std::string or_nothing =
      setting.nothing.empty() ? std::string() : fmt::format(", or '{}'", setting.nothing);
  switch (setting.type) {
    case SettingType::kText:
      return fmt::format("a text that is not empty{}", or_nothing);
    case SettingType::kInteger:
      return fmt::format("a whole number from {} to {}", from, to);
    case SettingType::kSize:
      return fmt::format("a whole number of {} from {} to {}", setting.unit, from, to);
    case SettingType::kBoolean:
      return "true or false";
    case SettingType::kDuration:
      return fmt::format("a duration such as 30s or 5m, from {} to {}", from, to);
    case SettingType::kChoice:
      return fmt::format("one of {}", fmt::join(setting.choices, ", "));
    case SettingType::kList:
      return fmt::format("values with commas between{}", or_nothing);
  }
  return "?";
}

json::object describe_setting(const Setting& setting) {
  auto standard = parse_setting(setting, setting.default_value);
  PRYX_CHECK(standard.has_value());
  json::value choices;
  if (!setting.choices.empty()) choices = json::array(setting.choices.begin(), setting.choices.end());
  return {{"key", setting.key},
          {"default", std::move(*standard)},
          {"type", type_name(setting.type)},
          {"description", setting.help},
          {"choices", std::move(choices)},
          {"min", limit_json(setting, setting.minimum)},
          {"max", limit_json(setting, setting.maximum)},
          {"unit", text_or_null(setting.unit)},
          {"nothing", text_or_null(setting.nothing)},
          {"environment", text_or_null(setting.environment)},
          {"needs_restart", setting.needs_restart}};
}

Result<json::value> check_setting(const Setting& setting, const json::value& value) {
  switch (setting.type) {
    case SettingType::kText:
    case SettingType::kDuration:
    case SettingType::kChoice:
    case SettingType::kList:
      if (value.is_string()) return check_text(setting, value.as_string());
      break;
    case SettingType::kInteger:
    case SettingType::kSize:
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
  if (setting.type == SettingType::kInteger || setting.type == SettingType::kSize) {
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
