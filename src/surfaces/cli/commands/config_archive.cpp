// SPDX-License-Identifier: MIT
// pryx config export and import: everything a person set up, as one file, but for keys and other secrets.
// Written and read back through the same routes as single changes, so each change is checked and on the
// record.
#include "surfaces/cli/archive_file.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

constexpr std::string_view kFormat = "pryx.config/1";
// The hash of no text at all: of a file that is not there yet.
constexpr std::string_view kNoText =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const json::object* object_in(const json::object& o, std::string_view key) {
  const json::value* found = json::find(o, key);
  return found == nullptr ? nullptr : found->if_object();
}

// What the database lays over the files.
json::object stored_settings(const json::object& body) {
  json::object out;
  const json::object* settings = object_in(body, "settings");
  const json::object* origins = object_in(body, "origins");
  if (settings == nullptr || origins == nullptr) return out;
  for (const auto& [key, value] : *settings) {
    if (json::string_or(*origins, key) == "database") out[key] = value;
  }
  return out;
}

json::object picked(const json::object& from, std::initializer_list<std::string_view> keys) {
  json::object out;
  for (const std::string_view key : keys) {
    const json::value* value = json::find(from, key);
    if (value != nullptr && !value->is_null()) out[key] = *value;
  }
  return out;
}

Result<json::object> collect(client::ApiClient& api) {
  json::object out{{"format", kFormat}};
  PRYX_TRY(const client::Reply config, api.get("/api/v1/config"));
  if (const std::string text = json::string_or(config.json, "text"); !text.empty()) out["config"] = text;
  PRYX_TRY(const client::Reply policy, api.get("/api/v1/policy"));
  if (const std::string text = json::string_or(policy.json, "text"); !text.empty()) out["policy"] = text;
  PRYX_TRY(const client::Reply models, api.get("/api/v1/models/own"));
  if (const std::string text = json::string_or(models.json, "text"); !text.empty()) out["models"] = text;
  PRYX_TRY(const client::Reply settings, api.get("/api/v1/settings"));
  out["settings"] = stored_settings(settings.json);
  json::object agents;
  PRYX_TRY(const client::Reply listed, api.get("/api/v1/agents"));
  for (const json::object& agent : items_of(listed.json)) {
    const std::string name = json::string_or(agent, "id");
    PRYX_TRY(const client::Reply one, api.get(path_of("/api/v1/agents/", name)));
    if (const std::string text = json::string_or(one.json, "text"); !text.empty()) agents[name] = text;
  }
  out["agents"] = std::move(agents);
  json::object providers;
  PRYX_TRY(const client::Reply known, api.get("/api/v1/providers"));
  for (const json::object& provider : items_of(known.json)) {
    const json::value* built_in = json::find(provider, "built_in");
    if (built_in != nullptr && built_in->is_bool() && built_in->get_bool()) continue;
    providers[json::string_or(provider, "name")] = picked(provider, {"kind", "base_url", "api"});
  }
  out["providers"] = std::move(providers);
  json::array budgets;
  PRYX_TRY(const client::Reply limits, api.get("/api/v1/budgets"));
  for (const json::object& budget : items_of(limits.json)) {
    const json::object* limit = object_in(budget, "limit");
    if (limit == nullptr) continue;
    json::object kept = picked(budget, {"scope", "subject"});
    kept["limit"] = json::string_or(*limit, "amount");
    budgets.push_back(std::move(kept));
  }
  out["budgets"] = std::move(budgets);
  return out;
}

Result<int> run_export(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(json::object document, collect(*api));
  PRYX_TRY_VOID(write_archive(context, invocation, json::canonical(document), ", without keys and secrets"));
  return 0;
}

// What an import would change, one line each, and how.
struct Change {
  std::string line;
  client::Call call;
};

Result<void> add_text(client::ApiClient& api, const json::object& document, std::string_view key,
                      const std::string& target, std::vector<Change>& out) {
  const std::string text = json::string_or(document, key);
  if (text.empty()) return {};
  PRYX_TRY(const client::Reply now, api.get(target));
  if (json::string_or(now.json, "text") == text) return {};
  Change change{fmt::format("{}.yaml ({} bytes)", key, text.size()),
                {"PUT", target, json::object{{"text", text}}, {}, {}}};
  change.call.headers.add("If-Match", "\"" + json::string_or(now.json, "hash") + "\"");
  out.push_back(std::move(change));
  return {};
}

Result<void> add_agents(client::ApiClient& api, const json::object& document, std::vector<Change>& out) {
  const json::object* agents = object_in(document, "agents");
  if (agents == nullptr) return {};
  for (const auto& [name, text] : *agents) {
    if (!text.is_string())
      return fail(ErrorCode::kInvalidArgument, "agents.{} is no text", std::string_view(name));
    const std::string target = path_of("/api/v1/agents/", name);
    const auto now = api.get(target);
    if (!now && now.error().code != ErrorCode::kNotFound) return std::unexpected(now.error());
    if (now && json::string_or(now->json, "text") == std::string_view(text.get_string())) continue;
    std::string hash = now ? json::string_or(now->json, "hash") : std::string(kNoText);
    if (hash.empty()) hash = kNoText;
    out.push_back({fmt::format("agent {}", std::string_view(name)),
                   {"PUT", target, json::object{{"text", text}, {"hash", std::move(hash)}}, {}, {}}});
  }
  return {};
}

// The usual API of a provider is not written down; a daemon that is not told one keeps the one it has.
json::object with_api(json::object provider) {
  if (json::string_or(provider, "kind") == "openai" && !provider.contains("api")) provider["api"] = "chat";
  return provider;
}

Result<void> add_the_rest(client::ApiClient& api, const json::object& document, std::vector<Change>& out) {
  PRYX_TRY(const json::object now, collect(api));
  const json::object* providers = object_in(document, "providers");
  const json::object* known = object_in(now, "providers");
  if (providers != nullptr) {
    for (const auto& [name, fields] : *providers) {
      const json::value* there = known == nullptr ? nullptr : known->if_contains(name);
      if (!fields.is_object()) continue;
      json::object wanted = fields.get_object();
      if (there != nullptr && there->is_object()) {
        if (with_api(there->get_object()) == with_api(wanted)) continue;
        wanted = with_api(std::move(wanted));
      }
      out.push_back({fmt::format("provider {}", std::string_view(name)),
                     {"PUT", path_of("/api/v1/providers/", name), std::move(wanted), {}, {}}});
    }
  }
  const json::object* settings = object_in(document, "settings");
  const json::object* stored = object_in(now, "settings");
  if (settings != nullptr && !settings->empty() && (stored == nullptr || *stored != *settings))
    out.push_back({fmt::format("{} settings", settings->size()),
                   {"PUT", "/api/v1/settings", json::object{{"settings", *settings}}, {}, {}}});
  const json::value* budgets = json::find(document, "budgets");
  const json::value* limits = json::find(now, "budgets");
  const bool has_budgets = budgets != nullptr && budgets->is_array() && !budgets->get_array().empty();
  if (has_budgets && (limits == nullptr || *limits != *budgets))
    out.push_back({fmt::format("{} budgets", budgets->get_array().size()),
                   {"PUT", "/api/v1/budgets", json::object{{"budgets", *budgets}}, {}, {}}});
  return {};
}

Result<int> run_import(Context& context, const Invocation& invocation) {
  const std::string path = invocation.positional("file");
  PRYX_TRY(const std::string text, read_archive(context, invocation, path));
  const auto document = json::parse_object(text);
  if (!document || json::string_or(*document, "format") != kFormat)
    return fail(ErrorCode::kInvalidArgument, "{} is nothing that config export wrote", path);
  PRYX_TRY(client::ApiClient * api, context.api());
  std::vector<Change> changes;
  // Providers before settings, which name their models.
  PRYX_TRY_VOID(add_text(*api, *document, "config", "/api/v1/config", changes));
  PRYX_TRY_VOID(add_text(*api, *document, "policy", "/api/v1/policy", changes));
  PRYX_TRY_VOID(add_text(*api, *document, "models", "/api/v1/models/own", changes));
  PRYX_TRY_VOID(add_agents(*api, *document, changes));
  PRYX_TRY_VOID(add_the_rest(*api, *document, changes));
  json::array names;
  for (const Change& change : changes) names.push_back(json::value(change.line));
  const bool is_dry = invocation.has("dry-run");
  for (const Change& change : changes) context.console().note(fmt::format("changes {}", change.line));
  if (!changes.empty() && !is_dry) {
    PRYX_TRY(const bool yes,
             context.console().confirm(fmt::format("Take over {} changes from {}?", changes.size(), path)));
    if (!yes) return facts(ErrorCode::kInvalidArgument).exit_code;
    for (Change& change : changes) {
      const auto done = api->call(std::move(change.call));
      if (!done)
        return fail(done.error().code, "{}: {}; what was listed before it is in force", change.line,
                    done.error().message);
    }
  }
  if (context.wants_json())
    context.console().print_json({{"changes", std::move(names)}, {"done", !is_dry}});
  else if (changes.empty())
    context.console().note("nothing differs");
  else if (!is_dry)
    context.console().note("keys are not part of such a file: pryx provider add NAME takes a provider's");
  return 0;
}

}  // namespace

std::vector<Command> config_archive_commands() {
  return {{.noun = "config",
           .verb = "export",
           .summary = "settings, policy, models.yaml, agents, providers and budgets as one file, without "
                      "keys and secrets",
           .examples = {"config export -o pryx-config.json", "config export --encrypt -o pryx-config.pryx"},
           .flags = sealing_flags(),
           .handler = run_export},
          {.noun = "config",
           .verb = "import",
           .summary = "take over what config export wrote",
           .examples = {"config import pryx-config.json --dry-run", "config import pryx-config.pryx --yes"},
           .flags = {opening_flag(), {"--dry-run", "", "say what would change, and change nothing"}},
           .positionals = {{"file", "what config export wrote; - reads stdin"}},
           .handler = run_import}};
}

}  // namespace pryx::cli
