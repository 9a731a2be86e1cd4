// SPDX-License-Identifier: MIT
// The kinds of providers there are, in one table: what each is called, where it usually lives, which codec
// speaks to it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/models/wire_provider.h"

namespace pryx::models {

// The default base URL of a provider kind; nullopt when the kind does not exist.
[[nodiscard]] std::optional<std::string> default_base_url(std::string_view kind);
[[nodiscard]] std::string provider_kind_names();  // "openai, anthropic, google or ollama", for error texts

// kInvalidArgument: no such kind, or a base URL that is none.
[[nodiscard]] Result<std::unique_ptr<Provider>> make_provider(async::EventLoop& loop, net::HttpClient& http,
                                                              KeySource& keys, ProviderConfig config,
                                                              WireLimits limits = {});

}  // namespace pryx::models
