// SPDX-License-Identifier: MIT
// pryx token, pryx workspace, pryx tool, pryx agent: short lists and what changes them.
#include <filesystem>

#include "foundation/base/text.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

std::string joined(const json::object& object, std::string_view key) {
  const json::value* list = json::find(object, key);
  std::string out;
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& item : list->get_array()) {
    if (item.is_string()) out += (out.empty() ? "" : ",") + std::string(std::string_view(item.get_string()));
  }
  return out;
}

Result<int> create_token(Context& context, const Invocation& invocation) {
  const auto name = invocation.find("name");
  const auto scopes = invocation.all("scope");
  if (!name || scopes.empty())
    return fail(
        ErrorCode::kInvalidArgument,
        "pryx token create needs --name and --scope; scopes are read, chat, tools, approve and admin");
  json::array list;
  for (const std::string& some : scopes) {
    for (std::string_view scope : split(some, ',')) list.emplace_back(trim(scope));
  }
  json::object body{{"name", *name}, {"scopes", std::move(list)}};
  if (const auto expires = invocation.find("expires")) body["expires_in"] = *expires;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/tokens", std::move(body)));
  if (print_if_json(context, reply)) return 0;
  context.console().note(fmt::format("token {} ({}), shown this once:", json::string_or(reply.json, "name"),
                                     json::string_or(reply.json, "id")));
  context.console().print(json::string_or(reply.json, "token"));
  return 0;
}

Result<int> list_tokens(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/tokens"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& token : items_of(reply.json)) {
    rows.push_back({Line(json::string_or(token, "id")), Line(json::string_or(token, "name")),
                    Line(joined(token, "scopes")),
                    Line(json::string_or(token, "expires_at", "never"), kDim)});
  }
  if (rows.empty())
    context.console().note("no tokens");
  else
    context.console().print_table({{"ID"}, {"NAME"}, {"SCOPES"}, {"EXPIRES"}}, rows);
  return 0;
}

Result<int> revoke_token(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/tokens/", id)));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("revoked {}", id));
  return 0;
}

Result<int> list_workspaces(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/workspaces"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& workspace : items_of(reply.json)) {
    rows.push_back({Line(json::string_or(workspace, "id")), Line(json::string_or(workspace, "name")),
                    Line(json::string_or(workspace, "path"), kDim)});
  }
  if (rows.empty())
    context.console().note("no workspaces; a directory becomes one when you work in it");
  else
    context.console().print_table({{"ID"}, {"NAME"}, {"PATH"}}, rows);
  return 0;
}

Result<int> add_workspace(Context& context, const Invocation& invocation) {
  std::string path = invocation.positional("directory");
  if (path.empty()) {
    PRYX_TRY(path, context.workspace());
  }
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) return fail(ErrorCode::kNotFound, "directory {}: {}", path, error.message());
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/workspaces", json::object{{"path", real.string()}}));
  if (!print_if_json(context, reply)) context.console().print(json::string_or(reply.json, "id"));
  return 0;
}

Result<int> remove_workspace(Context& context, const Invocation& invocation) {
  const std::string id = invocation.positional("id");
  PRYX_TRY(const bool yes,
           context.console().confirm(fmt::format("Forget workspace {}? Its files stay.", id)));
  if (!yes) return facts(ErrorCode::kInvalidArgument).exit_code;
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->remove(path_of("/api/v1/workspaces/", id)));
  if (!print_if_json(context, reply)) context.console().note(fmt::format("forgot {}", id));
  return 0;
}

Result<int> list_tools(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/tools"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& tool : items_of(reply.json)) {
    rows.push_back({Line(json::string_or(tool, "name")), Line(json::string_or(tool, "risk")),
                    Line(json::string_or(tool, "description"), kDim)});
  }
  context.console().print_table({{"TOOL"}, {"RISK"}, {"WHAT IT DOES"}}, rows);
  return 0;
}

Result<int> show_tool(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get(path_of("/api/v1/tools/", invocation.positional("name"))));
  if (print_if_json(context, reply)) return 0;
  context.console().print(Line(json::string_or(reply.json, "name"), kBold));
  context.console().print(json::string_or(reply.json, "description"));
  context.console().print(fmt::format("risk {} · effect {}", json::string_or(reply.json, "risk"),
                                      json::string_or(reply.json, "effect_class")));
  if (const json::value* parameters = json::find(reply.json, "parameters"))
    context.console().print(json::to_text(*parameters));
  return 0;
}

}  // namespace

std::vector<Command> token_commands() {
  return {{.noun = "token",
           .verb = "create",
           .summary = "make one; it is shown once",
           .examples = {"token create --name laptop --scope chat",
                        "token create --name ci --scope read,chat --expires 30d --json"},
           .flags = {{"--name", "N", "what it is for"},
                     {"--scope", "S[,S]", "read, chat (includes read), approve, admin (all)", true},
                     {"--expires", "D", "ends after this time: 12h, 30d"}},
           .handler = create_token},
          {.noun = "token",
           .verb = "list",
           .summary = "which exist, never their values",
           .examples = {"token list"},
           .handler = list_tokens},
          {.noun = "token",
           .verb = "revoke",
           .summary = "end one at once, open connections included",
           .examples = {"token revoke tok_01J…"},
           .positionals = {{"id", "the token"}},
           .handler = revoke_token}};
}

std::vector<Command> workspace_commands() {
  return {{.noun = "workspace",
           .verb = "list",
           .summary = "directories that were worked in",
           .examples = {"workspace list"},
           .handler = list_workspaces},
          {.noun = "workspace",
           .verb = "add",
           .summary = "make a directory one",
           .examples = {"workspace add ~/notes"},
           .positionals = {{"directory", "default: the current one", false}},
           .handler = add_workspace},
          {.noun = "workspace",
           .verb = "rm",
           .summary = "forget one; its files stay",
           .examples = {"workspace rm wsp_01J… --yes"},
           .positionals = {{"id", "the workspace"}},
           .handler = remove_workspace}};
}

std::vector<Command> tool_commands() {
  return {{.noun = "tool",
           .verb = "list",
           .summary = "what an agent can do",
           .examples = {"tool list"},
           .handler = list_tools},
          {.noun = "tool",
           .verb = "show",
           .summary = "one tool and its arguments",
           .examples = {"tool show fs.read --json"},
           .positionals = {{"name", "the tool"}},
           .handler = show_tool}};
}

}  // namespace pryx::cli
