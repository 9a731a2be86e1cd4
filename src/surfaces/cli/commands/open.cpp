// SPDX-License-Identifier: MIT
// pryx open: the Control Center in the browser, logged in by a link that works once.
#include <unistd.h>

#include "foundation/platform/files.h"
#include "foundation/platform/subprocess.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/pages.h"
#include "surfaces/qr/qr_code.h"

namespace pryx::cli {
namespace {

constexpr auto kOpenLimit = std::chrono::seconds(5);

// Arguments of a process can be read by every user of the machine, so the browser gets a private file that
// leads to the link.
Result<std::string> write_redirect(Context& context, const std::string& url) {
  PRYX_TRY(const config::Places places, context.places());
  std::string safe;
  for (char c : url) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '"' || c == '<' || c == '>' || c == '\'')
      return fail(ErrorCode::kInternal, "the daemon's login link holds characters that no link has");
    else
      safe.push_back(c);
  }
  const std::string path = places.run + "/open.html";
  PRYX_TRY_VOID(platform::atomic_write_file(
      path,
      fmt::format("<!doctype html><meta http-equiv=\"refresh\" content=\"0;url={}\"><title>Pryx</title>\n",
                  safe),
      0600));
  return path;
}

bool has_desktop(const platform::Environment& environment) {
  // Root's files would lie where the system user owns the directory, and root's browser is nobody's wish.
  return ::geteuid() != 0 && (environment.find("DISPLAY") || environment.find("WAYLAND_DISPLAY"));
}

// A camera needs dark on light. A terminal that takes colours is given both; of another one a dark ground is
// assumed.
Result<int> print_qr(Context& context, const std::string& url) {
  PRYX_TRY(const qr::Code code, qr::encode(url));
  const ConsoleOptions& options = context.console().options();
  const bool has_colours = options.colour && options.out_is_tty;
  std::vector<Line> lines;
  for (const std::string& row : qr::to_half_blocks(code, has_colours ? qr::Ink::kDark : qr::Ink::kLight))
    lines.emplace_back(row, has_colours ? Style{.on_paper = true} : kPlainStyle);
  context.console().print_lines(lines);
  context.console().print(url);
  return 0;
}

Result<int> run_open(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::string place, find_page(invocation.positional("page"), invocation.positional("id")));
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(client::Reply reply, api->post("/api/v1/login/links", {}));
  PRYX_TRY(const std::string link, json::get_string(reply.json, "url"));
  const std::string url = link_to(link, place);
  reply.json["url"] = url;
  std::string elsewhere = json::string_or(reply.json, "public_url");
  if (!elsewhere.empty()) {
    elsewhere = link_to(elsewhere, place);
    reply.json["public_url"] = elsewhere;
  }
  if (print_if_json(context, reply)) return 0;
  // A camera is on another device.
  if (invocation.has("qr")) return print_qr(context, elsewhere.empty() ? url : elsewhere);
  const auto opener = platform::find_system_program("xdg-open");
  if (invocation.has("print") || !opener || !has_desktop(context.environment())) {
    context.console().print(url);
    if (!elsewhere.empty()) context.console().note(fmt::format("from another device: {}", elsewhere));
    return 0;
  }
  PRYX_TRY(const std::string page, write_redirect(context, url));
  platform::SpawnOptions spawn;
  spawn.executable = *opener;
  spawn.argv = {"xdg-open", page};
  for (const auto& [name, value] : context.environment().values()) spawn.env.emplace(name, value);
  spawn.lifetime = platform::Lifetime::kOutlivesParent;
  PRYX_TRY(platform::Subprocess child, platform::Subprocess::spawn(spawn));
  const auto status = child.wait_for(kOpenLimit);
  child.release();
  if (status && *status && !(*status)->is_success()) {
    context.console().warn("the browser could not be opened; this link works for a minute:");
    context.console().print(url);
    return 0;
  }
  context.console().note("opened in the browser");
  return 0;
}

}  // namespace

std::vector<Command> open_commands() {
  return {{.noun = "open",
           .summary = "the Control Center in the browser",
           .examples = {"open", "open --print", "open --qr", "open sessions",
                        "open trace trn_01J9ZD3V3N8J4Q6R2S7T0W5X1Y"},
           .flags = {{"--print", "", "print the one-time link instead (valid for a minute)"},
                     {"--qr", "", "print it as a QR code as well, for a camera"}},
           .positionals =
               {{"page",
                 "where to begin: home, chat, sessions, trace, approvals, policy, audit, network, processes, "
                 "costs, models, memory, agents, settings, welcome",
                 false},
                {"id", "of the turn (trace) or the session (chat)", false}},
           .handler = run_open}};
}

}  // namespace pryx::cli
