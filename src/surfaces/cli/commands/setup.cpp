// SPDX-License-Identifier: MIT
// pryx setup: folder, model, first task. What a step decides is kept by the daemon at once, so the way can be
// left and taken again anywhere; a second run offers what is in force.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "foundation/base/text.h"
#include "foundation/platform/hardening.h"
#include "foundation/platform/held_directory.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/exec.h"
#include "surfaces/cli/read_secret.h"

namespace pryx::cli {
namespace {

constexpr std::string_view kStarter = "starter/commands";
constexpr std::string_view kFirstTask = "list the files";
constexpr std::string_view kFolderForOthers = "/srv/pryx-workspace";
constexpr std::size_t kModelsShown = 4;        // of one local server
constexpr std::size_t kCloudModelsShown = 12;  // of those that a vendor sells

struct Cloud {
  std::string_view kind, variable, title;
};
constexpr Cloud kClouds[] = {{"anthropic", "ANTHROPIC_API_KEY", "Anthropic"},
                             {"openai", "OPENAI_API_KEY", "OpenAI"},
                             {"google", "GEMINI_API_KEY", "Google"}};

// Where a provider's requests go: a server of this machine, or of a vendor.
struct Server {
  std::string name, kind, base_url;
  bool is_known = false;  // `name` is a provider that speaks to it already; a vendor's has its key
};

struct Choice {
  enum class Kind : std::uint8_t { kKeep, kLocal, kCloud };
  Kind kind = Kind::kKeep;
  std::string title;
  std::string model;  // kKeep, kLocal
  Server server;
  Cloud cloud{};
  bool is_safe = false;  // it costs nothing, sends nothing anywhere that was not chosen before, and can run
};

void heading(Context& context, int step, std::string_view text) {
  context.console().note(Line(fmt::format("{}/3  {}", step, text), kBold));
}

// Whose the daemon's files are. A daemon that root starts has left root behind.
std::optional<struct stat> other_owner(const Context& context) {
  struct stat state{};
  const auto places = context.places();
  if (::geteuid() != 0 || !places || ::stat(places->state.c_str(), &state) != 0 || state.st_uid == 0)
    return std::nullopt;
  return state;
}

// A folder of its own, never a home directory: what works in a folder may change all of it.
std::string suggested_folder(Context& context) {
  const std::string home = context.environment().find("HOME").value_or("");
  const auto here = context.workspace();
  if (here && (!context.globals().workspace.empty() || (*here != home && *here != "/"))) return *here;
  // One that is named and not there yet is made.
  std::error_code error;
  if (!context.globals().workspace.empty())
    return std::filesystem::absolute(context.globals().workspace, error).string();
  if (other_owner(context)) return std::string(kFolderForOthers);  // no other user gets into root's home
  return home.empty() ? std::string() : home + "/pryx-workspace";
}

// One that is there already stays whose it is; a new one is the daemon's to write. It is made and handed over
// through its held parent: whoever owns that parent cannot put a link in its place meanwhile.
Result<void> make_folder(const Context& context, std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  const std::filesystem::path path(folder);
  std::filesystem::create_directories(path.parent_path(), error);
  if (error)
    return fail(ErrorCode::kInvalidArgument, "cannot make the folder {}: {}", folder, error.message());
  PRYX_TRY(const auto parent, platform::HeldDirectory::open(path.parent_path()));
  if (const auto made = parent.make_directory(path.filename().string()); !made)
    return fail(ErrorCode::kInvalidArgument, "cannot make the folder {}: {}", folder, made.error().message);
  const auto owner = other_owner(context);
  if (!owner) return {};
  PRYX_TRY(const auto held, parent.open_directory(path.filename().string(), platform::Symlinks::kRefuse));
  if (::fchownat(held.fd(), "", owner->st_uid, owner->st_gid, AT_EMPTY_PATH) != 0)
    return fail(platform::system_error(fmt::format("give {} to the daemon's user", folder), errno));
  return {};
}

Result<std::string> choose_folder(Context& context, client::ApiClient& api) {
  heading(context, 1, "The folder that Pryx works in. It sees and changes nothing outside of it.");
  std::string folder = context.console().ask_line("folder", suggested_folder(context));
  // No shell reads what is typed here.
  if (folder.starts_with("~/")) folder.replace(0, 1, context.environment().find("HOME").value_or("~"));
  if (folder.empty() || folder.front() != '/')
    return fail(ErrorCode::kInvalidArgument, "'{}' is no absolute folder; pryx setup --workspace DIR",
                folder);
  PRYX_TRY_VOID(make_folder(context, folder));
  PRYX_TRY(const client::Reply reply, api.post("/api/v1/workspaces", json::object{{"path", folder}}));
  return json::string_or(reply.json, "path", folder);
}

enum class Fit : std::uint8_t { kFits, kTight, kTooBig, kElsewhere };

Fit fit_of(const json::object& model) {
  const json::value* elsewhere = json::find(model, "elsewhere");
  if (elsewhere != nullptr && elsewhere->is_bool() && elsewhere->get_bool()) return Fit::kElsewhere;
  const std::string fit = json::string_or(model, "fit");
  if (fit == "too_big") return Fit::kTooBig;
  return fit == "tight" ? Fit::kTight : Fit::kFits;
}

std::string title_of(std::string_view model, std::string_view server, Fit fit) {
  if (fit == Fit::kElsewhere) return fmt::format("{} ({}, which sends all of it elsewhere)", model, server);
  const std::string_view about = fit == Fit::kTight    ? "; memory is tight"
                                 : fit == Fit::kTooBig ? "; too big for this machine's memory"
                                                       : "";
  return fmt::format("{} on this machine ({}{})", model, server, about);
}

// Those first that run here best.
std::vector<json::object> models_of(const json::object& server) {
  std::vector<json::object> out;
  const json::value* models = json::find(server, "models");
  if (models == nullptr || !models->is_array()) return out;
  for (const json::value& model : models->get_array()) {
    if (model.is_object()) out.push_back(model.get_object());
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const json::object& a, const json::object& b) { return fit_of(a) < fit_of(b); });
  return out;
}

// What runs on this machine, the daemon asks: it is where a provider's requests will come from.
void add_local_choices(client::ApiClient& api, std::vector<Choice>& out) {
  const auto found = api.get("/api/v1/providers/local");
  if (!found) return;
  for (const json::object& server : items_of(found->json)) {
    const std::string provider = json::string_or(server, "provider");
    const Server found_server{.name = provider.empty() ? json::string_or(server, "name") : provider,
                              .kind = json::string_or(server, "kind"),
                              .base_url = json::string_or(server, "base_url"),
                              .is_known = !provider.empty()};
    const std::vector<json::object> models = models_of(server);
    for (std::size_t i = 0; i < std::min(models.size(), kModelsShown); ++i) {
      const std::string id = json::string_or(models[i], "id");
      const Fit fit = fit_of(models[i]);
      Choice choice{.kind = Choice::Kind::kLocal,
                    .title = title_of(id, found_server.name, fit),
                    .model = found_server.name + "/" + id,
                    .server = found_server,
                    .is_safe = fit == Fit::kFits || fit == Fit::kTight};
      out.push_back(std::move(choice));
    }
  }
}

// The provider that setup makes for a vendor. One without a key is made anew: it may be somebody's proxy,
// which no key of the vendor is meant for.
Server find_cloud(const std::vector<json::object>& providers, const Cloud& cloud) {
  Server out{.name = std::string(cloud.kind), .kind = std::string(cloud.kind), .base_url = {}};
  for (const json::object& provider : providers) {
    const json::value* has_key = json::find(provider, "has_key");
    if (json::string_or(provider, "name") != out.name || json::string_or(provider, "kind") != out.kind ||
        has_key == nullptr || !has_key->is_bool() || !has_key->get_bool())
      continue;
    out.base_url = json::string_or(provider, "base_url");
    out.is_known = true;
  }
  return out;
}

void add_cloud_choices(Context& context, client::ApiClient& api, std::vector<Choice>& out) {
  const auto found = api.get("/api/v1/providers");
  const auto providers = found ? items_of(found->json) : std::vector<json::object>();
  for (const Cloud& cloud : kClouds) {
    Server server = find_cloud(providers, cloud);
    std::string how = "asks for your key";
    if (context.environment().find(cloud.variable)) how = fmt::format("with the key in {}", cloud.variable);
    if (server.is_known) how = "set up already";
    Choice choice{.kind = Choice::Kind::kCloud,
                  .title = fmt::format("{} ({})", cloud.title, how),
                  .model = {},
                  .server = std::move(server),
                  .cloud = cloud};
    out.push_back(std::move(choice));
  }
}

std::vector<Choice> find_choices(Context& context, client::ApiClient& api, const std::string& current) {
  std::vector<Choice> out;
  add_local_choices(api, out);
  add_cloud_choices(context, api, out);
  Choice starter{.title = "no model for now: starter/commands, which is no AI",
                 .model = std::string(kStarter),
                 .server = {}};
  out.push_back(std::move(starter));
  if (current != kStarter) {
    Choice keep{.title = fmt::format("keep {}", current), .model = current, .server = {}, .is_safe = true};
    out.insert(out.begin(), std::move(keep));
  }
  return out;
}

Result<void> try_provider(client::ApiClient& api, const std::string& name) {
  const auto tested = api.post(path_of("/api/v1/providers/", name, "/test"), {});
  if (!tested)
    return fail(tested.error().code, "{} is set up but does not answer: {}", name, tested.error().message);
  return {};
}

Result<void> put_provider(client::ApiClient& api, const std::string& name, json::object body) {
  PRYX_TRY_VOID(api.put(path_of("/api/v1/providers/", name), std::move(body)));
  return try_provider(api, name);
}

Result<void> give_key(Context& context, client::ApiClient& api, const Server& server, const Cloud& cloud) {
  PRYX_TRY_VOID(platform::harden_process());
  Secret key;
  if (auto found = context.environment().find(cloud.variable)) {
    key = Secret(std::move(*found));
  } else {
    PRYX_TRY(key, read_secret(context, fmt::format("API key of {}", cloud.title), false));
  }
  json::object body{{"kind", server.kind}, {"key", key.reveal()}};
  if (!server.base_url.empty()) body["base_url"] = server.base_url;
  return put_provider(api, server.name, std::move(body));
}

// What is there already stays as it is, with its key and its address, as long as the vendor takes the key.
Result<void> set_up_cloud(Context& context, client::ApiClient& api, const Server& server,
                          const Cloud& cloud) {
  if (!server.is_known) return give_key(context, api, server, cloud);
  auto tried = try_provider(api, server.name);
  if (tried || tried.error().code != ErrorCode::kUnauthenticated) return tried;
  context.console().note("      " + tried.error().message);
  return give_key(context, api, server, cloud);
}

Result<std::string> choose_of_cloud(Context& context, client::ApiClient& api, const std::string& name) {
  // A vendor also lists what paints, speaks or only completes; none of that could answer the first task.
  PRYX_TRY(const client::Reply models,
           api.get(Query().add("provider", name).add("sort", "suggested").on("/api/v1/models")));
  const auto items = items_of(models.json);
  if (items.empty())
    return fail(ErrorCode::kProvider, "{} lists no models; pryx model list --provider {}", name, name);
  for (std::size_t i = 0; i < std::min(items.size(), kCloudModelsShown); ++i)
    context.console().note(Line("      " + json::string_or(items[i], "id"), kDim));
  if (items.size() > kCloudModelsShown)
    context.console().note(Line(fmt::format("      and {} more; pryx model list --provider {}",
                                            items.size() - kCloudModelsShown, name),
                                kDim));
  const std::string model = context.console().ask_line("model", json::string_or(items.front(), "id"));
  // As the vendor calls it is clear enough here.
  return model.find('/') == std::string::npos ? fmt::format("{}/{}", name, model) : model;
}

Result<std::string> take(Context& context, client::ApiClient& api, const Choice& choice) {
  switch (choice.kind) {
    case Choice::Kind::kKeep:
      return choice.model;
    case Choice::Kind::kLocal:
      // A provider that is there already stays as it is, with its key.
      if (choice.server.is_known) {
        PRYX_TRY_VOID(try_provider(api, choice.server.name));
        return choice.model;
      }
      PRYX_TRY_VOID(put_provider(
          api, choice.server.name,
          {{"kind", choice.server.kind}, {"base_url", choice.server.base_url}, {"no_key", true}}));
      return choice.model;
    case Choice::Kind::kCloud:
      PRYX_TRY_VOID(set_up_cloud(context, api, choice.server, choice.cloud));
      return choose_of_cloud(context, api, choice.server.name);
  }
  return choice.model;
}

Result<std::string> choose_model(Context& context, client::ApiClient& api, const Invocation& invocation) {
  heading(context, 2,
          "The model that answers. Keys go into the vault; a local model sends nothing anywhere.");
  PRYX_TRY(const client::Reply status, api.get("/api/v1/status"));
  const std::string current = json::string_or(status.json, "default_model", kStarter);
  std::string model = invocation.value_or("model", "");
  if (model.empty()) {
    const std::vector<Choice> choices = find_choices(context, api, current);
    for (std::size_t i = 0; i < choices.size(); ++i)
      context.console().note(fmt::format("  {:>2}  {}", i + 1, choices[i].title));
    // The last one is the starter.
    const auto safe = std::ranges::find_if(choices, &Choice::is_safe);
    const std::ptrdiff_t usual = safe == choices.end() ? std::ssize(choices) : safe - choices.begin() + 1;
    const std::string answer = context.console().ask_line("number", std::to_string(usual));
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(answer.data(), answer.data() + answer.size(), number);
    if (error != std::errc() || end != answer.data() + answer.size() || number < 1 || number > choices.size())
      return fail(ErrorCode::kInvalidArgument, "'{}' is none of 1 to {}; run pryx setup again", answer,
                  choices.size());
    PRYX_TRY(model, take(context, api, choices[number - 1]));
  }
  if (model != current) {
    json::object settings{{"model.default", model}};
    PRYX_TRY_VOID(api.put("/api/v1/settings", json::object{{"settings", std::move(settings)}}));
  }
  context.console().note(Line(fmt::format("      {} answers from now on", model), kGood));
  return model;
}

Result<int> first_task(Context& context, client::ApiClient& api, const std::string& folder,
                       const std::string& model) {
  heading(context, 3, fmt::format("A first task: {}", kFirstTask));
  PRYX_TRY(const client::Reply session,
           api.post("/api/v1/sessions", json::object{{"workspace", folder}, {"title", "First steps"}}));
  ExecRequest request;
  request.prompt = kFirstTask;
  request.session = json::string_or(session.json, "id");
  request.model = model;
  return execute(context, std::move(request));
}

Result<int> run_setup(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const std::string folder, choose_folder(context, *api));
  PRYX_TRY(const std::string model, choose_model(context, *api, invocation));
  int code = 0;
  if (!invocation.has("no-task") && !context.wants_json()) {
    PRYX_TRY(code, first_task(context, *api, folder, model));
  }
  if (context.wants_json()) {
    context.console().print_json({{"workspace", folder}, {"model", model}});
    return 0;
  }
  context.console().note("");
  context.console().note(fmt::format("next: cd {} && pryx chat      talk in the terminal", folder));
  context.console().note("      pryx open                       the Control Center in the browser");
  context.console().note("      pryx docs getting-started       what else there is");
  return code;
}

}  // namespace

std::vector<Command> setup_commands() {
  return {{.noun = "setup",
           .summary = "first steps: a folder, a model, a first task",
           .examples = {"setup", "setup --workspace ~/notes --model ollama/qwen3:8b",
                        "setup --no-input --no-task --json"},
           .flags = {{"-m,--model", "P/M", "the model, without asking"},
                     {"--no-task", "", "leave out the first task"}},
           .handler = run_setup}};
}

}  // namespace pryx::cli
