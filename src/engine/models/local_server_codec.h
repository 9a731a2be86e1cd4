// SPDX-License-Identifier: MIT
// What model servers of one's own machine say about themselves: Ollama, llama.cpp, LM Studio, vLLM, and
// others that speak OpenAI's form. Foreign bytes in, values out: bounded, lenient, pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::models {

struct LocalModel {
  std::string id;                   // as the server names it
  std::int64_t size_bytes = 0;      // of its weights; 0: not said
  std::int64_t context_tokens = 0;  // 0: not said
  std::string quantization;         // "Q4_K_M"; empty: not said
  std::string parameters;           // "8.0B"; empty: not said
  std::optional<bool> loaded;       // it is in memory; nullopt: not said
  bool elsewhere = false;           // the server only passes it on: nothing of it runs here
  bool operator==(const LocalModel&) const = default;
};

struct LocalServer {
  std::string server;    // "ollama", "llama.cpp", "lmstudio", "vllm", "openai" for one that does not say
  std::string kind;      // of the provider that would speak to it
  std::string name;      // what the provider may be called
  std::string base_url;  // of the provider
  std::string version;   // empty: not said
  std::vector<LocalModel> models;
  bool operator==(const LocalServer&) const = default;
};

inline constexpr std::size_t kMaxLocalModels = 200;

// {"version": "0.12.3"}; empty for anything else.
[[nodiscard]] std::string read_server_version(std::string_view body);

// Ollama's /api/tags. nullopt: this is no such answer.
[[nodiscard]] std::optional<std::vector<LocalModel>> read_ollama_models(std::string_view body);
// Its /api/show, for the context of one.
[[nodiscard]] std::int64_t read_ollama_context(std::string_view body);
// Its /api/ps: marks those that are in memory, and all others as not.
void mark_loaded(std::string_view body, std::vector<LocalModel>& models);

// /v1/models. `owner` is what "owned_by" says of the first ("llamacpp", "vllm"). nullopt: no such answer.
struct OpenAiModels {
  std::string owner;
  std::vector<LocalModel> models;
};
[[nodiscard]] std::optional<OpenAiModels> read_openai_models(std::string_view body);
// llama.cpp's /props: its build, and the context that it runs the model with.
struct LlamaProperties {
  std::string build;
  std::int64_t context_tokens = 0;
};
[[nodiscard]] LlamaProperties read_llama_properties(std::string_view body);
// LM Studio's own lists, /api/v1/models and the older /api/v0/models. nullopt: neither.
[[nodiscard]] std::optional<std::vector<LocalModel>> read_lm_studio_models(std::string_view body);

// "Q4_K_M" out of "Qwen2.5-7B-Instruct-Q4_K_M.gguf"; empty when the name says none.
[[nodiscard]] std::string quantization_in(std::string_view name);

// Whether a model runs in this machine's main memory: its weights, and a fifth and half a GiB more for
// context and work. Graphics memory is not known, so a model may run where this says that it is tight.
enum class Fit : std::uint8_t { kFits, kTight, kTooBig, kUnknown };
[[nodiscard]] Fit fit_of(const LocalModel& model, std::int64_t total_bytes, std::int64_t available_bytes);
[[nodiscard]] std::string_view fit_name(Fit fit);  // "fits", "tight", "too_big", "unknown"

}  // namespace pryx::models
