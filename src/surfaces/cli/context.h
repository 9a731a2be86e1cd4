// SPDX-License-Identifier: MIT
// What a command works with: output, flags, the places of this home and a client that is connected when first
// needed. One per process, main thread.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "foundation/config/places.h"
#include "foundation/platform/environment.h"
#include "surfaces/cli/cli.h"
#include "surfaces/cli/command.h"
#include "surfaces/cli/console.h"
#include "surfaces/client/api_client.h"
#include "surfaces/client/daemon_control.h"

namespace pryx::cli {

class Context {
 public:
  Context(Console& console, GlobalFlags globals, platform::Environment environment, const CliHooks& hooks,
          const CommandSet& commands)
      : console_(console),
        globals_(std::move(globals)),
        environment_(std::move(environment)),
        hooks_(hooks),
        commands_(commands) {}

  [[nodiscard]] Console& console() { return console_; }
  [[nodiscard]] const GlobalFlags& globals() const { return globals_; }
  [[nodiscard]] const platform::Environment& environment() const { return environment_; }
  [[nodiscard]] const CliHooks& hooks() const { return hooks_; }
  [[nodiscard]] const Clock& clock() const { return *hooks_.clock; }
  [[nodiscard]] const CommandSet& commands() const { return commands_; }
  [[nodiscard]] bool wants_json() const { return globals_.json; }

  [[nodiscard]] Result<config::Places> places() const;
  [[nodiscard]] Result<client::DaemonControl> daemon() const;
  // A client of the daemon that --host names, else of the local one, which is started (or replaced, when it
  // is idle and of another version) first. Lives as long as the context.
  [[nodiscard]] Result<client::ApiClient*> api();
  // The same without starting anything: kUnavailable when none runs.
  [[nodiscard]] Result<client::ApiClient*> api_if_running();
  // Waits of the client end when this descriptor becomes readable.
  void set_interrupt_fd(int fd);
  [[nodiscard]] client::Waiting waiting() const { return {hooks_.clock, interrupt_fd_}; }
  // How long a call with a body of that size may take: --timeout, else call_limit().
  [[nodiscard]] Duration call_timeout(std::size_t body_bytes = 0) const;

  // --workspace, else the current directory, as an absolute path.
  [[nodiscard]] Result<std::string> workspace() const;

 private:
  [[nodiscard]] client::ApiClient* connect(client::Endpoint endpoint);
  [[nodiscard]] Result<client::ApiClient*> remote();

  Console& console_;
  GlobalFlags globals_;
  platform::Environment environment_;
  const CliHooks& hooks_;
  const CommandSet& commands_;
  int interrupt_fd_ = -1;
  std::unique_ptr<client::ApiClient> api_;
};

// How long the daemon may take over a call with a body of that size.
[[nodiscard]] Duration call_limit(std::size_t body_bytes);
// "/api/v1/sessions/" + id, percent-encoded.
[[nodiscard]] std::string path_of(std::string_view prefix, std::string_view id, std::string_view suffix = {});
// Collects "a=b&c=d", percent-encoded; empty values are left out.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value);
  [[nodiscard]] std::string on(std::string_view path) const;

 private:
  std::string text_;
};

// The objects of a list body; anything else in it is skipped.
[[nodiscard]] std::vector<json::object> items_of(const json::object& body);
// How the state of a turn or a step is shown.
[[nodiscard]] Style turn_style(std::string_view state);
// "$0.0132" of the API's money; `unknown` where it is null.
[[nodiscard]] std::string money_of(const json::object& o, std::string_view key,
                                   std::string_view unknown = "-");
// The reply as the command's output when --json is on; false otherwise.
[[nodiscard]] bool print_if_json(Context& context, const client::Reply& reply);

}  // namespace pryx::cli
