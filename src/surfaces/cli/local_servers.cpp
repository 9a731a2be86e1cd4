// SPDX-License-Identifier: MIT
#include "surfaces/cli/local_servers.h"

namespace pryx::cli {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(400);
constexpr std::size_t kMaxModels = 50;
constexpr std::size_t kMaxName = 200;

struct Place {
  std::string_view name, kind, origin, path, list;
};
// The ports that these programs use unless told otherwise.
constexpr Place kPlaces[] = {
    {"ollama", "ollama", "http://127.0.0.1:11434", "", "/api/tags"},
    {"lmstudio", "openai", "http://127.0.0.1:1234", "/v1", "/v1/models"},
    {"llamacpp", "openai", "http://127.0.0.1:8080", "/v1", "/v1/models"},
    {"vllm", "openai", "http://127.0.0.1:8000", "/v1", "/v1/models"},
};

}  // namespace

std::vector<std::string> read_model_names(const json::object& answer) {
  std::vector<std::string> out;
  for (const std::string_view key : {"models", "data"}) {
    const json::value* list = json::find(answer, key);
    if (list == nullptr || !list->is_array()) continue;
    for (const json::value& model : list->get_array()) {
      if (!model.is_object() || out.size() == kMaxModels) continue;
      std::string name = json::string_or(model.get_object(), key == "data" ? "id" : "name");
      if (!name.empty() && name.size() <= kMaxName) out.push_back(std::move(name));
    }
  }
  return out;
}

std::vector<LocalServer> find_local_servers(const client::Waiting& waiting) {
  std::vector<LocalServer> out;
  for (const Place& place : kPlaces) {
    auto endpoint = client::parse_host_url(place.origin);
    if (!endpoint) continue;
    client::ApiClient server(std::move(*endpoint), waiting, kPatience);
    const auto reply = server.get(std::string(place.list));
    if (!reply) continue;
    std::vector<std::string> models = read_model_names(reply->json);
    if (models.empty()) continue;
    out.push_back({std::string(place.name), std::string(place.kind),
                   std::string(place.origin) + std::string(place.path), std::move(models)});
  }
  return out;
}

}  // namespace pryx::cli
