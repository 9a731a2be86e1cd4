// SPDX-License-Identifier: MIT
// Model vendors by name: what `pryx provider add groq` means without further words, whose prices a provider
// has, and where a server that speaks Chat Completions departs from it. A table; pure.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/models/provider_config.h"

namespace pryx::models {

struct Preset {
  std::string_view name;      // also the vendor's name in the catalog
  std::string_view kind;      // "openai", "anthropic", "google", "ollama"
  std::string_view base_url;  // empty: the kind's default
  bool needs_key = true;
  std::string_view about;  // for people: who that is
};

[[nodiscard]] std::span<const Preset> presets();
[[nodiscard]] const Preset* find_preset(std::string_view name);  // nullptr: none of that name
// Whose models this provider offers, as the catalog names it: known by its address, else by its name.
[[nodiscard]] std::string vendor_of(const ProviderConfig& config);

// How much of something one request to a vendor may hold, as its documentation says; 0: it says nothing. What
// config/models.yaml says of a model wins.
struct RequestLimits {
  std::int64_t max_tools = 0;
  std::int64_t max_images = 0;
};
[[nodiscard]] RequestLimits request_limits_of(std::string_view vendor);

}  // namespace pryx::models
