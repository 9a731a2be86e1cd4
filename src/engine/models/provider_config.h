// SPDX-License-Identifier: MIT
// What the user configured about one provider. Holds the name of a key, never the key.
#pragma once
#include <string>

namespace pryx::models {

struct ProviderConfig {
  std::string name;             // "openai", "my-ollama": the part of a model's name before '/'
  std::string kind;             // a row of provider_kinds.cpp: "openai", "anthropic", "google", "ollama"
  std::string base_url;         // empty: the kind's default
  std::string key_secret_name;  // empty: no key is sent
  std::string api = {};         // of kind "openai": "chat" or "responses"; empty: "chat"
};

}  // namespace pryx::models
