// SPDX-License-Identifier: MIT
// What is known about a model: limits, abilities, prices. Values only; whatever is not known is empty and
// says so. Any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pryx::models {

struct Usage;

// Pico-USD a token: a thousandth of a nano-USD, because cached tokens cost fractions of one.
// 1 USD per million tokens is 1'000'000.
struct Rates {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::optional<std::int64_t> cache_read;   // nullopt: as any other input
  std::optional<std::int64_t> cache_write;  // nullopt: as any other input
  bool operator==(const Rates&) const = default;
};

struct Price {
  Rates rates;
  // A request whose input is longer than this is priced by the other rates, whole.
  std::int64_t above_tokens = 0;
  std::optional<Rates> above;
  [[nodiscard]] bool is_free() const;
  bool operator==(const Price&) const = default;
};

// In nano-USD, rounded up once; never overflows. Estimated usage gives an estimated cost.
[[nodiscard]] std::int64_t cost_nano_usd(const Price& price, const Usage& usage);
// The most that a request can cost: this much input, all of it at the dearest input rate, and all its output.
[[nodiscard]] std::int64_t highest_cost_nano_usd(const Price& price, std::int64_t input_tokens,
                                                 std::int64_t output_tokens);

struct ModelInfo {
  std::string id;                      // without the provider
  std::string provider;                // the configured name
  std::int64_t context_tokens = 0;     // 0: unknown
  std::int64_t max_output_tokens = 0;  // 0: unknown
  std::optional<Price> price = {};     // nullopt: unpriced
  std::string family = {};             // "claude-sonnet"; empty: unknown
  // How text becomes tokens: "o200k", "cl100k", "claude", "gemini", "mistral", "llama", "qwen", "deepseek",
  // "grok", "cohere", "glm", "kimi", "minimax", "phi", "granite"; others may come; empty: unknown.
  std::string tokenizer = {};
  std::vector<std::string> takes =
      {};  // modalities: "text", "image", "audio", "video", "pdf"; empty: unknown
  std::vector<std::string> gives = {};
  std::optional<bool> tools = {};
  std::optional<bool> reasoning = {};
  std::int64_t max_tools = 0;   // of one request; 0: unknown
  std::int64_t max_images = 0;  // of one request; 0: unknown
  std::string as_of = {};       // the day this was true, "2026-07-02"; empty: said by the provider itself
  std::string source = {};      // who said so; empty: the provider itself
  [[nodiscard]] std::string full_name() const { return provider + "/" + id; }
  // nullopt: unknown.
  [[nodiscard]] std::optional<bool> takes_images() const;
};

}  // namespace pryx::models
