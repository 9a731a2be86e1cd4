// SPDX-License-Identifier: MIT
#include "engine/models/presets.h"

#include <algorithm>
#include <array>

#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr auto kPresets = std::to_array<Preset>({
    {"openai", "openai", "https://api.openai.com/v1", true, "OpenAI"},
    {"anthropic", "anthropic", "https://api.anthropic.com", true, "Anthropic"},
    {"google", "google", "https://generativelanguage.googleapis.com", true, "Google Gemini"},
    {"ollama", "ollama", "http://127.0.0.1:11434", false, "Ollama on this machine"},
    {"ollama-cloud", "ollama", "https://ollama.com", true, "models that ollama.com runs"},
    {"openrouter", "openai", "https://openrouter.ai/api/v1", true, "OpenRouter: many vendors, one key"},
    {"together", "openai", "https://api.together.xyz/v1", true, "Together AI"},
    {"groq", "openai", "https://api.groq.com/openai/v1", true, "Groq"},
    {"xai", "openai", "https://api.x.ai/v1", true, "xAI (Grok)"},
    {"mistral", "openai", "https://api.mistral.ai/v1", true, "Mistral"},
    {"cohere", "openai", "https://api.cohere.ai/compatibility/v1", true, "Cohere"},
    {"glm", "openai", "https://api.z.ai/api/paas/v4", true, "Z.AI (GLM)"},
    {"deepseek", "openai", "https://api.deepseek.com/v1", true, "DeepSeek"},
    {"moonshot", "openai", "https://api.moonshot.ai/v1", true, "Moonshot AI (Kimi)"},
});

struct OtherAddress {
  std::string_view host;
  std::string_view vendor;
};
constexpr auto kOtherAddresses = std::to_array<OtherAddress>({
    {"api.together.ai", "together"},
    {"open.bigmodel.cn", "glm"},
    {"api.moonshot.cn", "moonshot"},
});

struct VendorLimits {
  std::string_view vendor;
  RequestLimits limits;
};
constexpr auto kRequestLimits = std::to_array<VendorLimits>({
    {"openai", {.max_tools = 128, .max_images = 500}},
    {"anthropic", {.max_images = 100}},
    {"google", {.max_tools = 512, .max_images = 3'000}},
    {"groq", {.max_tools = 128, .max_images = 5}},
    {"mistral", {.max_tools = 128, .max_images = 8}},
    {"xai", {.max_tools = 128}},
    {"deepseek", {.max_tools = 128}},
});

std::string_view host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/:?#"));
}

}  // namespace

std::span<const Preset> presets() { return kPresets; }

const Preset* find_preset(std::string_view name) {
  const auto found = std::ranges::find(kPresets, name, &Preset::name);
  return found == kPresets.end() ? nullptr : &*found;
}

std::string vendor_of(const ProviderConfig& config) {
  if (config.base_url.empty()) return config.kind;
  const std::string host = lower_ascii(host_of(config.base_url));
  for (const Preset& preset : kPresets) {
    // Ollama is at home on every machine: its own kind says so, not the address.
    if (preset.name != "ollama" && host == host_of(preset.base_url)) return std::string(preset.name);
  }
  for (const OtherAddress& other : kOtherAddresses) {
    if (host == other.host) return std::string(other.vendor);
  }
  return config.kind == "openai" ? config.name : config.kind;
}

RequestLimits request_limits_of(std::string_view vendor) {
  const auto found = std::ranges::find(kRequestLimits, vendor, &VendorLimits::vendor);
  return found == kRequestLimits.end() ? RequestLimits{} : found->limits;
}

}  // namespace pryx::models
