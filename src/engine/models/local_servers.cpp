// SPDX-License-Identifier: MIT
#include "engine/models/local_servers.h"

#include <algorithm>
#include <charconv>

#include "foundation/async/task_group.h"
#include "foundation/base/json.h"
#include "foundation/base/text.h"
#include "foundation/net/http_client.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxPorts = 16;
constexpr std::size_t kMaxBody = 4u << 20;                     // /api/show holds a whole template and licence
constexpr std::size_t kMaxShown = 48;                          // models that are asked about one by one
constexpr Duration kConnect = std::chrono::milliseconds(300);  // loopback answers at once or not at all
constexpr Duration kHead =
    std::chrono::milliseconds(1'200);                // a server that is busy with a model takes a while
constexpr Duration kPort = std::chrono::seconds(4);  // all questions to one

// One port and what was learned of it so far.
class Probe {
 public:
  Probe(async::EventLoop& loop, net::HttpClient& http, std::uint16_t port)
      : loop_(loop), http_(http), origin_(fmt::format("127.0.0.1:{}", port)) {}

  // What was found when the time is over counts.
  async::Task<void> run() { (void)co_await async::with_timeout(loop_, ask(), kPort, "look at " + origin_); }
  [[nodiscard]] bool is_server() const { return !found_.server.empty(); }
  [[nodiscard]] LocalServer take() { return std::move(found_); }

 private:
  async::Task<Result<bool>> ask() {
    std::string body = co_await fetch("/api/version");
    const std::string version = read_server_version(body);
    if (!version.empty()) {
      const bool is_ollama = co_await ask_ollama(version);
      if (is_ollama) co_return true;
    }
    body = co_await fetch("/v1/models");
    const auto listed = read_openai_models(body);
    if (!listed) co_return false;
    name("openai", "openai", "local", "/v1");
    found_.models = listed->models;
    if (listed->owner == "llamacpp") {
      co_await ask_llama();
    } else if (listed->owner == "vllm") {
      name("vllm", "openai", "vllm", "/v1");
      body = co_await fetch("/version");
      found_.version = read_server_version(body);
      for (LocalModel& model : found_.models) model.loaded = true;
    } else {
      co_await ask_lm_studio();
    }
    co_return true;
  }

  async::Task<bool> ask_ollama(std::string version) {
    const std::string tags = co_await fetch("/api/tags");
    auto models = read_ollama_models(tags);
    if (!models) co_return false;
    name("ollama", "ollama", "ollama", "");
    found_.version = std::move(version);
    found_.models = std::move(*models);
    const std::string running = co_await fetch("/api/ps");
    mark_loaded(running, found_.models);
    for (std::size_t i = 0; i < std::min(found_.models.size(), kMaxShown); ++i) {
      const std::string question = json::to_text(json::object{{"model", found_.models[i].id}});
      const std::string shown = co_await fetch("/api/show", question);
      found_.models[i].context_tokens = read_ollama_context(shown);
    }
    co_return true;
  }

  async::Task<void> ask_llama() {
    name("llama.cpp", "openai", "llamacpp", "/v1");
    const std::string body = co_await fetch("/props");
    const LlamaProperties properties = read_llama_properties(body);
    found_.version = properties.build;
    // A server of one model has it in memory; one that has several says which.
    if (found_.models.size() == 1 && !found_.models[0].loaded) found_.models[0].loaded = true;
    if (found_.models.size() == 1 && properties.context_tokens > 0)
      found_.models[0].context_tokens = properties.context_tokens;
  }

  async::Task<void> ask_lm_studio() {
    std::string body = co_await fetch("/api/v1/models");
    auto models = read_lm_studio_models(body);
    if (!models) {
      body = co_await fetch("/api/v0/models");
      models = read_lm_studio_models(body);
    }
    if (!models) co_return;
    name("lmstudio", "openai", "lmstudio", "/v1");
    found_.models = std::move(*models);
  }

  void name(std::string server, std::string kind, std::string suggestion, std::string_view path) {
    found_.server = std::move(server);
    found_.kind = std::move(kind);
    found_.name = std::move(suggestion);
    found_.base_url = fmt::format("http://{}{}", origin_, path);
  }

  // The body of a 200; empty for everything else.
  async::Task<std::string> fetch(std::string target, std::string post = {}) {
    net::ClientRequest request;
    request.url = fmt::format("http://{}{}", origin_, target);
    request.method = post.empty() ? "GET" : "POST";
    request.body = std::move(post);
    request.headers.add("Accept", "application/json");
    if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
    request.connect_timeout = kConnect;
    request.head_timeout = kHead;
    request.max_body_bytes = kMaxBody;
    request.allow_peer = net::is_loopback;
    request.expected_origin = origin_;
    const auto response = co_await http_.start(std::move(request));
    if (!response || (*response)->status() != 200) co_return std::string();
    std::string body;
    for (;;) {
      const auto piece = co_await (*response)->read(kHead);
      if (!piece || body.size() > kMaxBody) co_return std::string();
      if (!*piece) co_return body;
      body += **piece;
    }
  }

  async::EventLoop& loop_;
  net::HttpClient& http_;
  std::string origin_;
  LocalServer found_;
};

// Two servers of one kind need two names.
void tell_apart(std::vector<LocalServer>& servers) {
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto same = [&](const LocalServer& other) { return other.name == servers[i].name; };
    const auto before = servers.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(servers.begin(), before, same)) servers[i].name += fmt::format("-{}", i + 1);
  }
}

}  // namespace

Result<std::vector<std::uint16_t>> parse_local_ports(std::string_view text) {
  std::vector<std::uint16_t> ports;
  if (trim(text) == "none") return ports;
  std::size_t place = 0;
  for (const std::string_view piece : split(text, ',')) {
    const std::string_view word = trim(piece);
    ++place;
    if (word.empty()) continue;  // as after a comma at the end
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
    if (error != std::errc() || end != word.data() + word.size() || port == 0)
      return fail(ErrorCode::kInvalidArgument,
                  "value {} is no port; write ports from 1 to 65535 with commas between, or none", place);
    if (std::ranges::find(ports, port) == ports.end()) ports.push_back(port);
  }
  if (ports.empty()) return fail(ErrorCode::kInvalidArgument, "there is no port in it; write ports, or none");
  if (ports.size() > kMaxPorts)
    return fail(ErrorCode::kInvalidArgument, "these are {} ports; at most {}", ports.size(), kMaxPorts);
  return ports;
}

async::Task<std::vector<LocalServer>> find_local_servers(async::EventLoop& loop, net::HttpClient& http,
                                                         std::vector<std::uint16_t> ports) {
  std::vector<Probe> probes;
  probes.reserve(ports.size());
  for (const std::uint16_t port : ports) probes.emplace_back(loop, http, port);
  async::TaskGroup group(loop, "local servers");
  for (Probe& probe : probes) group.spawn("probe", probe.run());
  co_await group.wait_until_empty();
  co_await group.stop();
  std::vector<LocalServer> found;
  for (Probe& probe : probes) {
    if (probe.is_server()) found.push_back(probe.take());
  }
  tell_apart(found);
  co_return found;
}

}  // namespace pryx::models
