// SPDX-License-Identifier: MIT
// pryx secret: names come out, values only go in.
#include <set>

#include "foundation/platform/files.h"
#include "foundation/platform/hardening.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/read_secret.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxFile = 1u << 20;

Result<int> run_set(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("name");
  PRYX_TRY(const Secret value, read_secret(context, fmt::format("value of {}", name), false));
  PRYX_TRY(client::ApiClient * api, context.api());
  json::object body{{"value", value.reveal()}};
  if (const auto hosts = invocation.all("allow-host"); !hosts.empty())
    body["hosts"] = json::array(hosts.begin(), hosts.end());
  PRYX_TRY(const client::Reply reply, api->put(path_of("/api/v1/secrets/", name), body));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("kept {}", name));
  return 0;
}

Result<int> run_list(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/secrets"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& secret : items_of(reply.json)) {
    const std::string updated = json::string_or(secret, "updated_at");
    rows.push_back(
        {Line(json::string_or(secret, "name")),
         Line(context.console().options().out_is_tty ? relative_time(updated, context.clock().wall())
                                                     : updated,
              kDim)});
  }
  if (rows.empty())
    context.console().note("no secrets; pryx secret set NAME");
  else
    context.console().print_table({{"NAME"}, {"UPDATED"}}, rows);
  return 0;
}

Result<int> run_rm(Context& context, const Invocation& invocation) {
  const std::string name = invocation.positional("name");
  PRYX_TRY(const bool yes, context.console().confirm(fmt::format("Delete secret {}?", name)));
  if (!yes) return facts(ErrorCode::kInvalidArgument).exit_code;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/secrets/", name)));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("deleted {}", name));
  return 0;
}

// Names and lengths, so that a person sees what would be kept, and nothing that an onlooker could use.
Result<int> show_import(Context& context, const std::vector<std::pair<std::string, Secret>>& secrets) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/secrets"));
  std::set<std::string, std::less<>> present;
  for (const json::object& secret : items_of(reply.json)) present.insert(json::string_or(secret, "name"));
  json::array items;
  std::vector<std::vector<Line>> rows;
  for (const auto& [name, value] : secrets) {
    const std::string_view what = present.contains(name) ? "replaces the present one" : "is added";
    items.push_back(
        json::object{{"name", name}, {"bytes", value.reveal().size()}, {"replaces", present.contains(name)}});
    rows.push_back(
        {Line(name), Line(fmt::format("{}", value.reveal().size())), Line(std::string(what), kDim)});
  }
  if (context.wants_json()) {
    context.console().print_json({{"items", std::move(items)}, {"next_cursor", nullptr}});
    return 0;
  }
  context.console().print_table({{"NAME"}, {"BYTES"}, {"IT"}}, rows);
  context.console().note("nothing was kept; leave out --dry-run to keep them");
  return 0;
}

Result<int> run_import(Context& context, const Invocation& invocation) {
  const std::string file = invocation.positional("file");
  PRYX_TRY_VOID(platform::harden_process());
  std::string text;
  if (file == "-") {
    PRYX_TRY(text, context.console().read_stdin(kMaxFile));
  } else {
    PRYX_TRY(text, platform::read_file(file, kMaxFile));
  }
  auto secrets = parse_secret_file(text);
  wipe(text);
  if (!secrets) return fail(secrets.error().code, "{}: {}", file, secrets.error().message);
  if (invocation.has("dry-run")) return show_import(context, *secrets);
  PRYX_TRY(client::ApiClient * api, context.api());
  json::array names;
  for (const auto& [name, value] : *secrets) {
    PRYX_TRY(const client::Reply reply,
             api->put(path_of("/api/v1/secrets/", name), json::object{{"value", value.reveal()}}));
    names.push_back(reply.json);
  }
  if (context.wants_json())
    context.console().print_json({{"items", std::move(names)}, {"next_cursor", nullptr}});
  else
    context.console().note(
        fmt::format("kept {} secrets; delete {} when nothing else needs it", secrets->size(), file));
  return 0;
}

}  // namespace

std::vector<Command> secret_commands() {
  return {{.noun = "secret",
           .verb = "set",
           .summary = "keep a value, asked for without echo or read from standard input",
           .examples = {"secret set github", "secret set github --allow-host api.github.com < token.txt"},
           .flags = {{"--allow-host", "HOST", "it may be sent there; again for more", true}},
           .positionals = {{"name", "its name"}},
           .handler = run_set},
          {.noun = "secret",
           .verb = "list",
           .summary = "the names",
           .examples = {"secret list"},
           .handler = run_list},
          {.noun = "secret",
           .verb = "rm",
           .summary = "forget one",
           .examples = {"secret rm github --yes"},
           .positionals = {{"name", "its name"}},
           .handler = run_rm},
          {.noun = "secret",
           .verb = "import",
           .summary = "keep every NAME=value of a file",
           .examples = {"secret import .env --dry-run", "secret import .env", "secret import - < .env"},
           .flags = {{"--dry-run", "", "only say what would be kept; no value is shown"}},
           .positionals = {{"file", "a .env file, or -"}},
           .handler = run_import}};
}

}  // namespace pryx::cli
