// SPDX-License-Identifier: MIT
#include "engine/models/provider_kinds.h"

#include "engine/models/anthropic_codec.h"
#include "engine/models/google_codec.h"
#include "engine/models/ollama_codec.h"
#include "engine/models/openai_codec.h"
#include "engine/models/responses_codec.h"

namespace pryx::models {
namespace {

struct Kind {
  std::string_view name;
  std::string_view base_url;
  // People know the address of a server, and vendors disagree on whether the version belongs to it: this is
  // added where it is missing.
  std::string_view version;
  std::unique_ptr<WireCodec> (*make_codec)(const ProviderConfig& config);
};

std::unique_ptr<WireCodec> make_openai_kind(const ProviderConfig& config) {
  return config.api == "responses" ? make_responses_codec() : make_openai_codec(config);
}

std::unique_ptr<WireCodec> make_ollama_kind(const ProviderConfig&) { return make_ollama_codec(); }

constexpr Kind kKinds[] = {
    {"openai", "https://api.openai.com/v1", "", make_openai_kind},
    {"anthropic", "https://api.anthropic.com/v1", "/v1", make_anthropic_codec},
    {"google", "https://generativelanguage.googleapis.com/v1beta", "/v1beta", make_google_codec},
    {"ollama", "http://127.0.0.1:11434", "", make_ollama_kind},
};

const Kind* find_kind(std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

// Whether the last segment is "v1", "v1beta", "v1alpha"…
bool has_version(std::string_view url) {
  const std::string_view last = url.substr(url.rfind('/') + 1);
  return last.size() >= 2 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9';
}

Result<void> check_base_url(const ProviderConfig& config) {
  if (!config.base_url.starts_with("http://") && !config.base_url.starts_with("https://")) {
    return fail(ErrorCode::kInvalidArgument, "provider {}: the base URL must begin with http:// or https://",
                config.name);
  }
  if (config.base_url.find_first_of("?#@ \t\r\n") != std::string::npos) {
    return fail(
        ErrorCode::kInvalidArgument,
        "provider {}: the base URL holds a query, a login or a space; give the key with --key-stdin instead",
        config.name);
  }
  return {};
}

Result<void> check_api(const ProviderConfig& config) {
  if (config.api.empty() || (config.kind == "openai" && (config.api == "chat" || config.api == "responses")))
    return {};
  return fail(ErrorCode::kInvalidArgument,
              "provider {}: only a provider of kind openai has an api to choose: chat or responses",
              config.name);
}

}  // namespace

std::optional<std::string> default_base_url(std::string_view kind) {
  const Kind* found = find_kind(kind);
  return found == nullptr ? std::nullopt : std::optional(std::string(found->base_url));
}

std::string provider_kind_names() {
  std::string out;
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    if (i > 0) out += i + 1 == std::size(kKinds) ? " or " : ", ";
    out += kKinds[i].name;
  }
  return out;
}

Result<std::unique_ptr<Provider>> make_provider(async::EventLoop& loop, net::HttpClient& http,
                                                KeySource& keys, ProviderConfig config, WireLimits limits) {
  const Kind* kind = find_kind(config.kind);
  if (kind == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "provider {}: there is no provider kind '{}'; use {}",
                config.name, config.kind, provider_kind_names());
  }
  if (config.base_url.empty()) config.base_url = kind->base_url;
  while (config.base_url.ends_with('/')) config.base_url.pop_back();
  PRYX_TRY_VOID(check_base_url(config));
  PRYX_TRY_VOID(check_api(config));
  // What people know of Ollama is often the address of its OpenAI side.
  if (config.kind == "ollama" && config.base_url.ends_with("/v1"))
    config.base_url.resize(config.base_url.size() - 3);
  if (!has_version(config.base_url)) config.base_url += kind->version;
  std::shared_ptr<const WireCodec> codec = kind->make_codec(config);
  return make_wire_provider(loop, http, keys, std::move(config), std::move(codec), limits);
}

}  // namespace pryx::models
