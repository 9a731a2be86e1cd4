// SPDX-License-Identifier: MIT
#include "engine/models/cheaper.h"

#include <algorithm>
#include <set>

namespace pryx::models {
namespace {

bool sees_images(const ModelInfo& info) { return info.takes_images().value_or(false); }

bool can_do(const ModelInfo& candidate, const ModelInfo& used, const PastUse& use) {
  if (!candidate.price || candidate.context_tokens < use.largest_input + use.largest_output) return false;
  if (candidate.max_output_tokens > 0 && candidate.max_output_tokens < use.largest_output) return false;
  if (used.tools.value_or(true) && !candidate.tools.value_or(false)) return false;
  if (sees_images(used) && !sees_images(candidate)) return false;
  if (use.usage.reasoning_tokens > 0 && !candidate.reasoning.value_or(false)) return false;
  return candidate.gives.empty() || std::ranges::find(candidate.gives, "text") != candidate.gives.end();
}

// The sums are priced as one call: the rates are those that the largest single call would have had.
Price rates_for(const Price& price, const PastUse& use) {
  Price flat;
  flat.rates = price.above && use.largest_input > price.above_tokens ? *price.above : price.rates;
  return flat;
}

}  // namespace

std::vector<CheaperModel> cheaper_models(const Catalog& catalog, const ModelInfo& used, const PastUse& use,
                                         std::size_t most) {
  std::vector<CheaperModel> found;
  for (const auto& [name, entry] : catalog.base().models) {
    auto info = catalog.find(name);
    if (!info || info->id == used.id || !can_do(*info, used, use)) continue;
    const std::int64_t cost = cost_nano_usd(rates_for(*info->price, use), use.usage);
    if (cost < use.cost) found.push_back({std::move(*info), cost});
  }
  std::ranges::sort(found, [](const CheaperModel& a, const CheaperModel& b) {
    if (a.cost != b.cost) return a.cost < b.cost;
    // The name without a date stands for the dated ones.
    const std::string x = a.info.full_name(), y = b.info.full_name();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  std::set<std::pair<std::string, std::int64_t>> seen;
  std::erase_if(found, [&](const CheaperModel& one) {
    return !one.info.family.empty() &&
           !seen.emplace(one.info.provider + "/" + one.info.family, one.cost).second;
  });
  if (found.size() > most) found.resize(most);
  return found;
}

std::vector<std::string> cheaper_assumptions() {
  return {"The same tokens: another model counts the same text a little differently and writes more or less.",
          "Only price and limits are compared, not how good the answers are.",
          "A model must take the longest call, tools, and images if the one that was used does; and think if "
          "that "
          "one did.",
          "Cached input stays cached where a model has a price for it; else it counts as any other input.",
          "A model with a higher price for long requests is counted at it when the longest call was long.",
          "Calls without a known price are left out."};
}

}  // namespace pryx::models
