// SPDX-License-Identifier: MIT
#include "surfaces/cli/context.h"

#include <unistd.h>

#include <filesystem>

#include "foundation/base/text.h"
#include "foundation/net/http_types.h"
#include "foundation/platform/files.h"

namespace pryx::cli {
namespace {

constexpr auto kCallTimeout = std::chrono::seconds(30);
constexpr std::size_t kBytesPerSecond = 512u << 10;  // that a slow machine reads, checks and indexes
constexpr std::string_view kTokenFile = "/token";
constexpr std::size_t kMaxToken = 1024;

// The token of `--host`: the environment, else a private file.
Result<Secret> find_token(const platform::Environment& environment, const config::Places& places) {
  if (auto token = environment.find("PRYX_TOKEN")) return Secret(std::move(*token));
  const std::string path = places.config + std::string(kTokenFile);
  const auto facts = platform::file_facts(path);
  if (!facts) return Secret();
  if (facts->uid != ::geteuid() || (facts->mode & 077) != 0 || !facts->is_regular) {
    return fail(ErrorCode::kForbidden, "{} can be read by others; chmod 600 {}", path, path);
  }
  PRYX_TRY(std::string text, platform::read_file(path, kMaxToken));
  Secret token{std::string(trim(text))};
  wipe(text);
  return token;
}

}  // namespace

Duration call_limit(std::size_t body_bytes) {
  return kCallTimeout + std::chrono::seconds(static_cast<std::int64_t>(body_bytes / kBytesPerSecond));
}

Duration Context::call_timeout(std::size_t body_bytes) const {
  return globals_.timeout.value_or(call_limit(body_bytes));
}

Result<config::Places> Context::places() const { return config::find_places(environment_, ::geteuid()); }

Result<client::DaemonControl> Context::daemon() const {
  PRYX_TRY(config::Places found, places());
  return client::DaemonControl(std::move(found), environment_, waiting());
}

void Context::set_interrupt_fd(int fd) {
  interrupt_fd_ = fd;
  if (api_) api_->set_interrupt_fd(fd);
}

client::ApiClient* Context::connect(client::Endpoint endpoint) {
  api_ = std::make_unique<client::ApiClient>(std::move(endpoint), waiting(), call_timeout());
  api_->keep_traces_in(&console_.traces());
  return api_.get();
}

Result<client::ApiClient*> Context::remote() {
  PRYX_TRY(client::Endpoint endpoint, client::parse_host_url(globals_.host));
  PRYX_TRY(const config::Places found, places());
  PRYX_TRY(endpoint.token, find_token(environment_, found));
  if (endpoint.token.empty()) {
    return fail(
        ErrorCode::kUnauthenticated,
        "--host needs a token and none is set; make one there with pryx token create and set PRYX_TOKEN");
  }
  return connect(std::move(endpoint));
}

Result<client::ApiClient*> Context::api() {
  if (api_) return api_.get();
  if (!globals_.host.empty()) return remote();
  PRYX_TRY(client::DaemonControl control, daemon());
  const auto running = control.find_running();
  if (!running && globals_.no_start)
    return fail(ErrorCode::kUnavailable,
                "no daemon runs and --no-start forbids starting one; pryx daemon start");
  if (!running) {
    console_.detail("starting the daemon");
    PRYX_TRY(const client::Started started, control.start());
    console_.detail(fmt::format("daemon started (pid {})", started.core.process.pid));
  } else if (running->version != PRYX_VERSION && !globals_.no_start) {
    const auto replaced = control.replace_other_version(*running);
    if (replaced && *replaced) {
      console_.detail(fmt::format("replaced the daemon of version {}", running->version));
    } else {
      console_.warn(fmt::format(
          "the daemon is version {}, this is {}; it is busy, so it stays; pryx daemon restart replaces it",
          running->version, PRYX_VERSION));
    }
  }
  return connect(control.socket_endpoint());
}

Result<client::ApiClient*> Context::api_if_running() {
  if (api_) return api_.get();
  if (!globals_.host.empty()) return remote();
  PRYX_TRY(client::DaemonControl control, daemon());
  if (!control.find_running()) return fail(ErrorCode::kUnavailable, "no daemon runs; pryx daemon start");
  return connect(control.socket_endpoint());
}

Result<std::string> Context::workspace() const {
  std::error_code error;
  const std::filesystem::path given = globals_.workspace.empty() ? std::filesystem::current_path(error)
                                                                 : std::filesystem::path(globals_.workspace);
  if (error)
    return fail(ErrorCode::kNotFound, "the current directory is gone: {}; give one with --workspace",
                error.message());
  const std::filesystem::path real = std::filesystem::canonical(given, error);
  if (error) return fail(ErrorCode::kNotFound, "workspace {}: {}", given.string(), error.message());
  if (!std::filesystem::is_directory(real, error))
    return fail(ErrorCode::kInvalidArgument, "workspace {} is no directory", real.string());
  return real.string();
}

std::string path_of(std::string_view prefix, std::string_view id, std::string_view suffix) {
  return fmt::format("{}{}{}", prefix, net::percent_encode(id), suffix);
}

Query& Query::add(std::string_view name, std::string_view value) {
  if (!value.empty())
    text_ += fmt::format("{}{}={}", text_.empty() ? "?" : "&", name, net::percent_encode(value));
  return *this;
}

std::string Query::on(std::string_view path) const { return std::string(path) + text_; }

std::string money_of(const json::object& o, std::string_view key, std::string_view unknown) {
  const json::value* money = json::find(o, key);
  if (money == nullptr || !money->is_object()) return std::string(unknown);
  return "$" + json::string_or(money->get_object(), "amount");
}

std::vector<json::object> items_of(const json::object& body) {
  std::vector<json::object> out;
  const json::value* items = json::find(body, "items");
  if (items == nullptr || !items->is_array()) return out;
  for (const json::value& item : items->get_array()) {
    if (item.is_object()) out.push_back(item.get_object());
  }
  return out;
}

Style turn_style(std::string_view state) {
  if (state == "completed" || state == "done") return kGood;
  if (state == "failed" || state == "denied" || state == "cancelled") return kBad;
  return state == "needs_attention" || state == "unknown" || state == "awaiting_approval" ? kWarning : kDim;
}

bool print_if_json(Context& context, const client::Reply& reply) {
  if (!context.wants_json()) return false;
  if (!reply.json.empty()) {
    context.console().print_json(reply.json);
  } else if (!reply.body.empty()) {
    context.console().write_data(reply.body + "\n");
  } else {
    context.console().print_json({});
  }
  return true;
}

}  // namespace pryx::cli
