// SPDX-License-Identifier: MIT
// Makes a prompt shorter without asking anybody: old tool results lose their middle, then all but a marker,
// and only when nothing else helps whole exchanges go. Works on the request; the rows on disk keep
// everything. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/models/token_estimate.h"

namespace pryx::agent {

constexpr std::int64_t kDefaultContextTokens = 128'000;  // of a model about which nothing is known
constexpr std::size_t kProtectedAnswers = 3;   // results since so many answers of the model are left alone
constexpr double kSoftTrimRatio = 0.3;         // of the limit: from here on old results lose their middle
constexpr double kHardClearRatio = 0.5;        // and from here on the oldest ones lose everything
constexpr std::size_t kSoftTrimBytes = 4'000;  // what is shorter is left alone
constexpr std::size_t kSoftTrimEnd = 1'500;    // what stays at either end

// Estimates of long texts, which come again with every step of a turn.
class EstimateCache {
 public:
  [[nodiscard]] std::int64_t tokens(models::TokenizerFamily family, const std::string& text);

 private:
  std::unordered_map<std::size_t, std::int64_t> known_;  // by hash
};

struct ContextBudget {
  models::TokenizerFamily family = models::TokenizerFamily::kLlama;
  std::int64_t limit = kDefaultContextTokens;
  double factor = 1;  // how many tokens this model counts for one that is estimated
  EstimateCache* cache = nullptr;
  const models::ImageRule* images = nullptr;  // of the model; lasts as long as the program
};

// A result in the request, and where the whole of it is.
struct PlacedResult {
  std::size_t at = 0;
  std::string ref;
};

// The messages of a request with their sizes.
class PromptSize {
 public:
  PromptSize(const ContextBudget& budget, std::vector<models::ChatMessage>& messages, std::int64_t fixed);
  [[nodiscard]] std::int64_t total() const;                      // corrected by the factor
  [[nodiscard]] std::int64_t estimated() const { return sum_; }  // before the factor
  [[nodiscard]] double ratio() const;
  [[nodiscard]] const ContextBudget& budget() const { return budget_; }
  [[nodiscard]] std::vector<models::ChatMessage>& messages() { return messages_; }
  void replace_text(std::size_t at, std::string text);
  void replace_arguments(std::size_t at, std::size_t call, std::string json);
  // Messages [first, last) go, and a marker in their place says how many. The next that go follow it: there
  // is one marker.
  void leave_out(std::size_t first, std::size_t last);
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  [[nodiscard]] std::size_t marker() const { return marker_; }  // where it is, once there is one

 private:
  void measure(std::size_t at);
  void erase(std::size_t first, std::size_t last);
  ContextBudget budget_;
  std::vector<models::ChatMessage>& messages_;
  std::vector<std::int64_t> sizes_;
  std::int64_t sum_ = 0;  // before the factor
  std::size_t left_out_ = 0;
  std::size_t marker_ = 0;
};

// Old tool results only; results with images are left alone.
void prune_results(PromptSize& size, const std::vector<PlacedResult>& results);
// The last resort, for a prompt over its limit: long arguments, results of any age, whole exchanges before
// the turn's own message, for which a marker stands then. The first `head` messages stay. False when even
// that is too long.
[[nodiscard]] bool squeeze(PromptSize& size, const std::vector<PlacedResult>& results, std::size_t head);

}  // namespace pryx::agent
