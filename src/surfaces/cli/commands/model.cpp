// SPDX-License-Identifier: MIT
// pryx model and pryx provider: who answers.
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/edit_text.h"
#include "surfaces/cli/read_secret.h"

namespace pryx::cli {
namespace {

constexpr auto kModelLimit = std::chrono::seconds(60);  // providers are asked one by one

bool is_on(const json::object& object, std::string_view key) {
  const json::value* flag = json::find(object, key);
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

std::string amount_of(const json::object& rates, std::string_view key) {
  const json::value* money = json::find(rates, key);
  return money != nullptr && money->is_object() ? json::string_or(money->get_object(), "amount", "?") : "";
}

std::string price_of(const json::object& model) {
  const json::value* price = json::find(model, "price");
  if (price == nullptr || !price->is_object()) return "unpriced";
  const json::object& rates = price->get_object();
  return fmt::format("{} / {} USD per 1M", amount_of(rates, "input_per_million"),
                     amount_of(rates, "output_per_million"));
}

std::string cache_price_of(const json::object& rates) {
  const std::string read = amount_of(rates, "cached_input_per_million");
  const std::string write = amount_of(rates, "cache_write_per_million");
  return fmt::format("{} read / {} written USD per 1M", read.empty() ? "as input" : read,
                     write.empty() ? "as input" : write);
}

std::string words_of(const json::object& model, std::string_view key) {
  const json::value* list = json::find(model, key);
  if (list == nullptr || !list->is_array()) return "unknown";
  std::string out;
  for (const json::value& word : list->get_array())
    out += (out.empty() ? "" : ", ") + (word.is_string() ? std::string(word.get_string()) : std::string("?"));
  return out;
}

std::string flag_of(const json::object& model, std::string_view key) {
  if (json::find(model, key) == nullptr) return "unknown";
  return is_on(model, key) ? "yes" : "no";
}

std::string told_by(const json::object& model) {
  const std::string source = json::string_or(model, "source");
  const std::string as_of = json::string_or(model, "as_of");
  if (source.empty()) return "the provider";
  return as_of.empty() ? source : fmt::format("{}, as of {}", source, as_of);
}

void print_model(Context& context, const json::object& model) {
  const auto line = [&](std::string_view label, std::string text) {
    context.console().print(fmt::format("{:<10}{}", label, std::move(text)));
  };
  const std::int64_t tokens = json::integer_or(model, "context_tokens", 0);
  const std::int64_t output = json::integer_or(model, "max_output_tokens", 0);
  context.console().print(Line(json::string_or(model, "id"), kBold));
  line("context", tokens > 0 ? fmt::format("{} tokens", tokens) : "unknown");
  line("output", output > 0 ? fmt::format("at most {} tokens", output) : "unknown");
  line("takes", words_of(model, "takes"));
  line("tools", flag_of(model, "tools"));
  line("reasoning", flag_of(model, "reasoning"));
  line("price", price_of(model));
  const json::value* price = json::find(model, "price");
  if (price != nullptr && price->is_object()) {
    const json::object& rates = price->get_object();
    line("cache", cache_price_of(rates));
    const json::value* above = json::find(rates, "above");
    if (above != nullptr && above->is_object()) {
      const json::object& dearer = above->get_object();
      line("long",
           fmt::format("{} / {} USD per 1M when the input is over {} tokens",
                       amount_of(dearer, "input_per_million"), amount_of(dearer, "output_per_million"),
                       json::integer_or(dearer, "tokens", 0)));
    }
  }
  line("known by", told_by(model));
}

Result<client::Reply> fetch_models(Context& context, const std::string& provider) {
  PRYX_TRY(client::ApiClient * api, context.api());
  client::Call call{"GET",
                    Query().add("provider", provider).on("/api/v1/models"),
                    {},
                    {},
                    context.globals().timeout.value_or(kModelLimit)};
  return api->call(std::move(call));
}

void warn_about_errors(Context& context, const json::object& body) {
  const json::value* errors = json::find(body, "errors");
  if (errors == nullptr || !errors->is_array()) return;
  for (const json::value& error : errors->get_array()) {
    if (!error.is_object()) continue;
    context.console().warn(fmt::format("{}: {}", json::string_or(error.get_object(), "provider"),
                                       json::string_or(error.get_object(), "detail")));
  }
}

Result<int> list_models(Context& context, const Invocation& invocation) {
  PRYX_TRY(const client::Reply reply, fetch_models(context, invocation.value_or("provider", "")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& model : items_of(reply.json)) {
    const std::int64_t tokens = json::integer_or(model, "context_tokens", 0);
    rows.push_back(
        {Line(json::string_or(model, "id")), is_on(model, "default") ? Line("default", kGood) : Line(""),
         Line(tokens > 0 ? fmt::format("{}", tokens) : "", kDim), Line(price_of(model), kDim),
         Line(json::string_or(model, "as_of"), kDim), Line(json::string_or(model, "source"), kDim)});
  }
  context.console().print_table({{"MODEL"}, {""}, {"CONTEXT", true}, {"PRICE"}, {"AS OF"}, {"SOURCE"}}, rows);
  warn_about_errors(context, reply.json);
  return 0;
}

Result<int> show_model(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("model");
  PRYX_TRY(const client::Reply reply, fetch_models(context, name.substr(0, name.find('/'))));
  for (const json::object& model : items_of(reply.json)) {
    if (json::string_or(model, "id") != name) continue;
    if (context.wants_json()) {
      context.console().print_json(model);
      return 0;
    }
    print_model(context, model);
    return 0;
  }
  warn_about_errors(context, reply.json);
  return fail(ErrorCode::kNotFound, "there is no model '{}'; pryx model list", name);
}

Result<int> use_model(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("model");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->put("/api/v1/settings", json::object{{"settings", json::object{{"model.default", name}}}}));
  if (!print_if_json(context, reply))
    context.console().note(fmt::format("sessions that name no model use {}", name));
  return 0;
}

Result<int> print_catalog(Context& context, const client::Reply& reply) {
  if (print_if_json(context, reply)) return 0;
  const json::object& catalog = reply.json;
  const std::string from = json::string_or(catalog, "from");
  context.console().print(fmt::format("{} models as of {}, from {}", json::integer_or(catalog, "models", 0),
                                      json::string_or(catalog, "as_of"), json::string_or(catalog, "source")));
  context.console().print(
      from.empty() ? std::string("built in")
                   : fmt::format("fetched from {} at {}", from, json::string_or(catalog, "fetched_at")));
  if (const std::int64_t own = json::integer_or(catalog, "own_models", 0); own > 0)
    context.console().print(fmt::format("config/models.yaml changes {} of them", own));
  if (const std::string problem = json::string_or(catalog, "problem"); !problem.empty())
    context.console().warn("config/models.yaml is not in force: " + problem);
  return 0;
}

Result<int> show_catalog(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/models/catalog"));
  return print_catalog(context, reply);
}

Result<int> update_catalog(Context& context, const Invocation& invocation) {
  json::object body;
  if (const auto from = invocation.find("from")) body["from"] = *from;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/models/catalog", std::move(body)));
  return print_catalog(context, reply);
}

// The daemon judges the whole text before it writes.
Result<int> edit_models(Context& context, const Invocation&) {
  return edit_over_api(context, {"/api/v1/models/own", "models.yaml", "", nullptr});
}

Result<int> list_presets(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/providers/presets"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& preset : items_of(reply.json)) {
    rows.push_back({Line(json::string_or(preset, "name")), Line(json::string_or(preset, "about")),
                    Line(is_on(preset, "needs_key") ? "needs a key" : "no key", kDim),
                    Line(json::string_or(preset, "base_url"), kDim)});
  }
  context.console().print_table({{"NAME"}, {"WHO"}, {"KEY"}, {"URL"}}, rows);
  return 0;
}

Result<int> list_providers(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/providers"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& provider : items_of(reply.json)) {
    const std::string state = json::string_or(provider, "state");
    rows.push_back({Line(json::string_or(provider, "name")), Line(json::string_or(provider, "kind")),
                    Line(state, state == "ready" ? kGood : kWarning),
                    Line(is_on(provider, "built_in")  ? "built in"
                         : is_on(provider, "has_key") ? "in the vault"
                                                      : "none",
                         kDim),
                    Line(json::string_or(provider, "base_url"), kDim)});
  }
  context.console().print_table({{"NAME"}, {"KIND"}, {"STATE"}, {"KEY"}, {"URL"}}, rows);
  return 0;
}

std::string size_of(std::int64_t bytes) {
  return bytes <= 0 ? "" : fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

Line fit_line(const json::object& model) {
  const std::string fit = json::string_or(model, "fit");
  if (is_on(model, "elsewhere")) return Line("runs elsewhere", kDim);
  if (fit == "fits") return Line(is_on(model, "loaded") ? "in memory" : "fits", kGood);
  if (fit == "tight") return Line("tight", kWarning);
  return fit == "too_big" ? Line("too big", kBad) : Line("unknown", kDim);
}

void print_local_server(Context& context, const json::object& server) {
  Line head(json::string_or(server, "server"), kBold);
  head.add(" " + json::string_or(server, "version"), kDim);
  head.add(" at " + json::string_or(server, "base_url"));
  context.console().print(head);
  std::vector<std::vector<Line>> rows;
  const json::value* models = json::find(server, "models");
  if (models != nullptr && models->is_array()) {
    for (const json::value& item : models->get_array()) {
      if (!item.is_object()) continue;
      const json::object& model = item.get_object();
      const std::int64_t tokens = json::integer_or(model, "context_tokens", 0);
      rows.push_back({Line(json::string_or(model, "id")),
                      Line(size_of(json::integer_or(model, "size_bytes", 0))),
                      Line(tokens > 0 ? fmt::format("{}", tokens) : ""),
                      Line(json::string_or(model, "quantization"), kDim), fit_line(model)});
    }
  }
  context.console().print_table({{"MODEL"}, {"SIZE", true}, {"CONTEXT", true}, {"FORM"}, {"MEMORY"}}, rows);
  const std::string provider = json::string_or(server, "provider");
  context.console().note(provider.empty()
                             ? fmt::format("add it: pryx provider add {} --kind {} --base-url {} --no-key",
                                           json::string_or(server, "name"), json::string_or(server, "kind"),
                                           json::string_or(server, "base_url"))
                             : fmt::format("it is the provider {}", provider));
}

Result<int> detect_providers(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/providers/local"));
  if (print_if_json(context, reply)) return 0;
  const auto servers = items_of(reply.json);
  for (const json::object& server : servers) print_local_server(context, server);
  if (servers.empty())
    context.console().note(
        "no model server answers on this machine; pryx config set provider.local_ports names the "
        "ports that are asked");
  return 0;
}

// kNotFound-like words for a name that says nothing: then the kind has to.
Result<bool> preset_needs_key(Context& context, const std::string& name) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/providers/presets"));
  for (const json::object& preset : items_of(reply.json)) {
    if (json::string_or(preset, "name") == name) return is_on(preset, "needs_key");
  }
  return fail(ErrorCode::kInvalidArgument,
              "pryx provider add needs --kind (openai, anthropic, google or ollama) for a vendor that is not "
              "known by name; `pryx provider presets` lists those that are");
}

Result<int> add_provider(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("name");
  const auto kind = invocation.find("kind");
  if (invocation.has("no-key") && invocation.has("key-stdin"))
    return fail(ErrorCode::kInvalidArgument, "--no-key and --key-stdin exclude each other");
  const auto key_ref = invocation.find("key-ref");
  if (key_ref && (invocation.has("no-key") || invocation.has("key-stdin")))
    return fail(ErrorCode::kInvalidArgument, "--key-ref excludes --no-key and --key-stdin");
  json::object body;
  bool takes_key = kind && *kind != "ollama";
  if (kind) {
    body["kind"] = *kind;
  } else {
    PRYX_TRY(takes_key, preset_needs_key(context, name));
  }
  if (const auto url = invocation.find("base-url")) body["base_url"] = *url;
  if (const auto which = invocation.find("api")) body["api"] = *which;
  if (key_ref) {
    body["key_ref"] = *key_ref;
  } else if (invocation.has("no-key")) {
    body["no_key"] = true;
  } else if (takes_key || invocation.has("key-stdin")) {
    PRYX_TRY(const Secret key,
             read_secret(context, fmt::format("API key of {}", name), invocation.has("key-stdin")));
    body["key"] = key.reveal();
  }
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->put(path_of("/api/v1/providers/", name), std::move(body)));
  if (print_if_json(context, reply)) return 0;
  context.console().note(fmt::format(
      "added {}; next: pryx provider test {}, then pryx model list --provider {}", name, name, name));
  return 0;
}

Result<int> test_provider(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("name");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post(path_of("/api/v1/providers/", name, "/test"), {}));
  if (print_if_json(context, reply)) return 0;
  context.console().print(
      Line(fmt::format("✓ {} answers and offers {} models", name, json::integer_or(reply.json, "models", 0)),
           kGood));
  return 0;
}

Result<int> remove_provider(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("name");
  PRYX_TRY(const bool yes, context.console().confirm(fmt::format("Remove provider {} and its key?", name)));
  if (!yes) return facts(ErrorCode::kInvalidArgument).exit_code;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/providers/", name)));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("removed {}", name));
  return 0;
}

}  // namespace

std::vector<Command> model_commands() {
  return {{.noun = "model",
           .verb = "list",
           .summary = "asks the providers what they offer; completion knows it from then on",
           .examples = {"model list", "model list --provider openai --json"},
           .flags = {{"--provider", "NAME", "only this one's"}},
           .handler = list_models},
          {.noun = "model",
           .verb = "use",
           .summary = "the model of sessions that name none",
           .examples = {"model use starter/commands"},
           .positionals = {{"model", "provider/model"}},
           .handler = use_model},
          {.noun = "model",
           .verb = "info",
           .summary = "limits and price of one",
           .examples = {"model info openai/gpt-4o"},
           .positionals = {{"model", "provider/model"}},
           .handler = show_model},
          {.noun = "model",
           .verb = "catalog",
           .summary = "where limits and prices come from, and how old they are",
           .examples = {"model catalog"},
           .handler = show_catalog},
          {.noun = "model",
           .verb = "update",
           .summary = "fetch a later catalog of limits and prices",
           .examples = {"model update --from https://example.com/models.yaml", "model update"},
           .flags = {{"--from", "URL", "where it is; without it where the last one came from"}},
           .handler = update_catalog},
          {.noun = "model",
           .verb = "edit",
           .summary = "change models.yaml in your editor: limits and prices that win over the catalog",
           .examples = {"model edit"},
           .handler = edit_models}};
}

std::vector<Command> provider_commands() {
  return {{.noun = "provider",
           .verb = "list",
           .summary = "who can answer",
           .examples = {"provider list"},
           .handler = list_providers},
          {.noun = "provider",
           .verb = "add",
           .summary = "add one or change it; the key is asked for, never an argument",
           .examples = {"provider add groq", "provider add work --kind anthropic",
                        "provider add local --kind openai --base-url http://127.0.0.1:8080/v1 --no-key",
                        "provider add openai --kind openai --key-stdin < key.txt"},
           .flags = {{"--kind", "K", "openai, anthropic, google or ollama"},
                     {"--base-url", "URL", "where its API is, when not at the usual place"},
                     {"--api", "chat|responses", "of kind openai: chat (the usual) or responses"},
                     {"--key-stdin", "", "read the key from standard input"},
                     {"--key-ref", "REF",
                      "where the key is: keychain:NAME (pryx secret) or ${VARIABLE} of the daemon"},
                     {"--no-key", "", "it needs none; one that is kept is removed"}},
           .positionals = {{"name", "what you call it; models are NAME/model"}},
           .handler = add_provider},
          {.noun = "provider",
           .verb = "presets",
           .summary = "vendors that need no more than their name and a key",
           .examples = {"provider presets"},
           .handler = list_presets},
          {.noun = "provider",
           .verb = "detect",
           .summary = "model servers that run on this machine; adds nothing",
           .examples = {"provider detect", "provider detect --json"},
           .handler = detect_providers},
          {.noun = "provider",
           .verb = "test",
           .summary = "whether it answers",
           .examples = {"provider test openai"},
           .positionals = {{"name", "the provider"}},
           .handler = test_provider},
          {.noun = "provider",
           .verb = "rm",
           .summary = "forget it and its key",
           .examples = {"provider rm openai --yes"},
           .positionals = {{"name", "the provider"}},
           .handler = remove_provider}};
}

}  // namespace pryx::cli
