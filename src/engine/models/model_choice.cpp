// SPDX-License-Identifier: MIT
#include "engine/models/model_choice.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/models/model_version.h"

namespace pryx::models {
namespace {

enum class Fitness : std::uint8_t { kYes, kUnknown, kNo };

Fitness fitness_of(const ModelInfo& model) {
  const bool gives_text = model.gives.empty() || std::ranges::find(model.gives, "text") != model.gives.end();
  if (!gives_text || model.tools == false) return Fitness::kNo;
  return model.tools == true ? Fitness::kYes : Fitness::kUnknown;
}

// "gpt-4o-2024-11-20" and "command-r-08-2024" up to their dates, which look like versions.
std::string_view before_date(std::string_view id) {
  std::optional<std::size_t> month;
  std::size_t start = 0;
  while (start < id.size()) {
    const std::size_t end = std::min(id.find_first_of("-@", start), id.size());
    const std::string_view word = id.substr(start, end - start);
    const bool is_number =
        !word.empty() && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number && word.size() >= 4) return id.substr(0, word.size() == 4 ? month.value_or(start) : start);
    month = is_number && word.size() == 2 ? std::optional(start) : std::nullopt;
    start = end + 1;
  }
  return id;
}

// "gpt-5.5-pro" where there is "gpt-5.5".
bool is_variant(std::string_view id, const std::set<std::string, std::less<>>& ids) {
  for (std::size_t at = id.find('-'); at != std::string_view::npos; at = id.find('-', at + 1)) {
    if (ids.contains(id.substr(0, at))) return true;
  }
  return false;
}

struct Ranked {
  Fitness fitness = Fitness::kUnknown;
  bool is_unpriced = false;
  ModelVersion version;
  bool is_variant = false;
  std::int64_t output_price = 0;
  ModelInfo info;

  [[nodiscard]] bool is_before(const Ranked& other) const {
    const auto front = std::tie(fitness, is_unpriced);
    const auto other_front = std::tie(other.fitness, other.is_unpriced);
    if (front != other_front) return front < other_front;
    if (version != other.version) return version > other.version;
    return std::tie(is_variant, output_price, info.id) <
           std::tie(other.is_variant, other.output_price, other.info.id);
  }
};

}  // namespace

void sort_for_choice(std::vector<ModelInfo>& models) {
  std::set<std::string, std::less<>> ids;
  for (const ModelInfo& model : models) ids.insert(model.id);
  std::vector<Ranked> ranked;
  ranked.reserve(models.size());
  for (ModelInfo& model : models) {
    ranked.push_back(
        {.fitness = fitness_of(model),
         .is_unpriced = !model.price,
         .version = version_of(before_date(model.id)),
         .is_variant = is_variant(model.id, ids),
         .output_price = model.price ? model.price->rates.output : std::numeric_limits<std::int64_t>::max(),
         .info = std::move(model)});
  }
  std::ranges::sort(ranked, [](const Ranked& a, const Ranked& b) { return a.is_before(b); });
  for (std::size_t i = 0; i < models.size(); ++i) models[i] = std::move(ranked[i].info);
}

}  // namespace pryx::models
