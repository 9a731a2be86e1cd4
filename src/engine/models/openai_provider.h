// SPDX-License-Identifier: MIT
// OpenAiProvider: Chat Completions at any base URL. The key travels in one header and nowhere else. I/O
// thread only.
#pragma once
#include <memory>

#include "engine/models/key_source.h"
#include "engine/models/provider.h"
#include "engine/models/provider_config.h"
#include "foundation/async/event_loop.h"

namespace pryx::net {
class HttpClient;
}

namespace pryx::models {

struct OpenAiLimits {
  Duration connect = std::chrono::seconds(10);
  Duration first_token = std::chrono::seconds(120);  // a local model may have to be read from disk first
  Duration idle =
      std::chrono::seconds(60);  // between two events that say something; keep-alive comments do not count
  std::size_t max_event_bytes = 1u << 20;
  std::size_t max_answer_bytes = 32u << 20;
};

// The default base URL of a provider kind; nullopt when the kind does not exist (yet).
[[nodiscard]] std::optional<std::string> default_base_url(std::string_view kind);

// References outlive the provider. A stream may outlive it.
[[nodiscard]] Result<std::unique_ptr<Provider>> make_openai_provider(async::EventLoop& loop,
                                                                     net::HttpClient& http, KeySource& keys,
                                                                     ProviderConfig config,
                                                                     OpenAiLimits limits = {});

}  // namespace pryx::models
