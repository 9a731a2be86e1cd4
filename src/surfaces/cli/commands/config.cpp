// SPDX-License-Identifier: MIT
// pryx config: settings and where they come from. `path` needs no daemon.
#include <algorithm>

#include "foundation/config/config_file.h"
#include "foundation/config/settings.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/edit_text.h"

namespace pryx::cli {
namespace {

const json::object* section(const json::object& body, std::string_view name) {
  const json::value* value = json::find(body, name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

std::string plain(const json::value& value) {
  return value.is_string() ? std::string(std::string_view(value.get_string())) : json::to_text(value);
}

Result<int> run_get(Context& context, const Invocation& invocation) {
  const std::string key = invocation.positional("key");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/settings"));
  const json::object* settings = section(reply.json, "settings");
  const json::value* value = settings == nullptr ? nullptr : settings->if_contains(key);
  if (value == nullptr) return fail(ErrorCode::kNotFound, "{}", config::describe_unknown(key));
  const json::object* origins = section(reply.json, "origins");
  const std::string origin = origins == nullptr ? "" : json::string_or(*origins, key);
  if (context.wants_json())
    context.console().print_json({{"key", key}, {"value", *value}, {"origin", origin}});
  else if (invocation.has("origin"))
    context.console().print_table({{"VALUE"}, {"FROM"}}, {{Line(plain(*value)), Line(origin, kDim)}});
  else
    context.console().print(plain(*value));
  return 0;
}

Result<int> run_set(Context& context, const Invocation& invocation) {
  const std::string key = invocation.positional("key");
  const config::Setting* setting = config::find_setting(key);
  if (setting == nullptr) return fail(ErrorCode::kInvalidArgument, "{}", config::describe_unknown(key));
  const bool unset = invocation.has("unset");
  if (unset == invocation.has_positional("value"))
    return fail(ErrorCode::kInvalidArgument, "pryx config set needs a value, or --unset");
  json::value value = nullptr;
  if (!unset) {
    PRYX_TRY(value, config::parse_setting(*setting, invocation.positional("value")));
  }
  json::object changes;
  changes[key] = std::move(value);
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->put("/api/v1/settings", json::object{{"settings", std::move(changes)}}));
  if (print_if_json(context, reply)) return 0;
  context.console().note(
      unset ? fmt::format("{} is back to the file's or the default value", key)
            : fmt::format("{} is set{}", key,
                          setting->needs_restart ? "; pryx daemon restart makes it count" : ""));
  return 0;
}

Result<int> run_show(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/settings"));
  if (print_if_json(context, reply)) return 0;
  const json::object* settings = section(reply.json, "settings");
  const json::object* origins = section(reply.json, "origins");
  if (settings == nullptr) return fail(ErrorCode::kInternal, "the daemon's answer has no settings");
  std::vector<std::vector<Line>> rows;
  for (const auto& entry : *settings) {
    std::vector<Line> row = {Line(entry.key()), Line(plain(entry.value()))};
    if (invocation.has("origin"))
      row.emplace_back(origins == nullptr ? "" : json::string_or(*origins, entry.key()), kDim);
    rows.push_back(std::move(row));
  }
  std::vector<Column> columns = {{"SETTING"}, {"VALUE"}};
  if (invocation.has("origin")) columns.push_back({"FROM"});
  context.console().print_table(columns, rows);
  return 0;
}

// What it was before anybody changed it, or that it still is.
Line default_cell(const json::object& item) {
  const json::value& standard = item.at("default");
  return item.at("value") == standard ? Line("default", kDim) : Line(plain(standard));
}

Result<int> run_list(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/settings"));
  const auto items = items_of(reply.json);
  if (context.wants_json()) {
    json::array out(items.begin(), items.end());
    context.console().print_json({{"items", std::move(out)}});
    return 0;
  }
  std::vector<std::vector<Line>> rows;
  for (const json::object& item : items)
    rows.push_back({Line(json::string_or(item, "key")), Line(plain(item.at("value"))), default_cell(item),
                    Line(json::string_or(item, "description"))});
  context.console().print_table({{"SETTING"}, {"VALUE"}, {"DEFAULT"}, {"WHAT IT DOES"}}, rows);
  return 0;
}

Result<int> run_describe(Context& context, const Invocation& invocation) {
  const std::string key = invocation.positional("key");
  const config::Setting* setting = config::find_setting(key);
  if (setting == nullptr) return fail(ErrorCode::kNotFound, "{}", config::describe_unknown(key));
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/settings"));
  const auto items = items_of(reply.json);
  const auto found =
      std::ranges::find_if(items, [&](const auto& item) { return json::string_or(item, "key") == key; });
  if (found == items.end()) return fail(ErrorCode::kNotFound, "the daemon knows no setting '{}'", key);
  if (context.wants_json()) {
    context.console().print_json(*found);
    return 0;
  }
  const std::string unit = found->at("unit").is_string() && setting->type == config::SettingType::kInteger
                               ? fmt::format(" {}", setting->unit)
                               : std::string();
  std::vector<std::vector<Line>> rows = {
      {Line("value", kDim), Line(plain(found->at("value")))},
      {Line("from", kDim),
       Line(fmt::format("{} ({})", json::string_or(*found, "origin"), json::string_or(*found, "source")))},
      {Line("default", kDim), Line(plain(found->at("default")))},
      {Line("allowed", kDim), Line(config::describe_allowed(*setting) + unit)},
      {Line("counts", kDim), Line(setting->needs_restart ? "from the next start" : "at once")}};
  if (!setting->environment.empty()) rows.push_back({Line("variable", kDim), Line(setting->environment)});
  context.console().print(setting->help);
  context.console().print_table({{key}, {""}}, rows);
  return 0;
}

Result<int> run_path(Context& context, const Invocation&) {
  PRYX_TRY(const config::Places places, context.places());
  const std::vector<std::pair<std::string, std::string>> entries = {{"config", places.config_file()},
                                                                    {"policy", places.policy_file()},
                                                                    {"agents", places.agents()},
                                                                    {"data", places.data},
                                                                    {"database", places.database()},
                                                                    {"state", places.state},
                                                                    {"log", places.log_file()},
                                                                    {"cache", places.cache},
                                                                    {"run", places.run},
                                                                    {"socket", places.socket()}};
  if (context.wants_json()) {
    json::object out;
    for (const auto& [name, path] : entries) out[name] = path;
    context.console().print_json(out);
    return 0;
  }
  std::vector<std::vector<Line>> rows;
  for (const auto& [name, path] : entries) rows.push_back({Line(name, kDim), Line(path)});
  context.console().print_table({{"WHAT"}, {"WHERE"}}, rows);
  return 0;
}

Result<void> check_text(const std::string& text) {
  const auto parsed = config::parse_config_file(text);
  if (!parsed) return fail(Error(parsed.error()));
  return {};
}

Result<int> run_edit(Context& context, const Invocation&) {
  return edit_over_api(context, {"/api/v1/config", "config.yaml", "", check_text});
}

}  // namespace

std::vector<Command> config_commands() {
  return {{.noun = "config",
           .verb = "get",
           .summary = "one setting",
           .examples = {"config get model.default", "config get listen --origin"},
           .flags = {{"--origin", "", "and where it comes from"}},
           .positionals = {{"key", "the setting"}},
           .handler = run_get},
          {.noun = "config",
           .verb = "set",
           .summary = "change one; your files stay as they are",
           .examples = {"config set log.level debug", "config set log.level --unset"},
           .flags = {{"--unset", "", "back to what the file or the default says"}},
           .positionals = {{"key", "the setting"}, {"value", "its value", false}},
           .handler = run_set},
          {.noun = "config",
           .verb = "show",
           .summary = "all settings",
           .examples = {"config show --origin"},
           .flags = {{"--origin", "", "and where each comes from"}},
           .handler = run_show},
          {.noun = "config",
           .verb = "list",
           .summary = "all settings with their defaults and what each does",
           .examples = {"config list", "config list --json"},
           .handler = run_list},
          {.noun = "config",
           .verb = "describe",
           .summary = "what a setting does and which values it takes",
           .examples = {"config describe log.level"},
           .positionals = {{"key", "the setting"}},
           .handler = run_describe},
          {.noun = "config",
           .verb = "edit",
           .summary = "change config.yaml in your editor",
           .examples = {"config edit"},
           .handler = run_edit},
          {.noun = "config",
           .verb = "path",
           .summary = "where everything lives",
           .examples = {"config path", "config path --json"},
           .handler = run_path}};
}

}  // namespace pryx::cli
