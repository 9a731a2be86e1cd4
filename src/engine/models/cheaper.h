// SPDX-License-Identifier: MIT
// Which models of the catalog could have done the same for less. Pure. It compares prices and limits and
// knows nothing of how well an answer would have been written.
#pragma once
#include <string>
#include <vector>

#include "engine/models/catalog.h"
#include "engine/models/provider.h"

namespace pryx::models {

struct PastUse {
  Usage usage;                     // of all calls together
  std::int64_t largest_input = 0;  // of one call
  std::int64_t largest_output = 0;
  std::int64_t cost = 0;  // nano-USD, as booked
};

struct CheaperModel {
  ModelInfo info;         // `provider` is the vendor's name in the catalog
  std::int64_t cost = 0;  // nano-USD, for the same tokens
};

// Cheapest first, at most `most`. One that is not known to take the longest call, tools, or what the used one
// takes, is left out; so is one whose price nobody knows.
[[nodiscard]] std::vector<CheaperModel> cheaper_models(const Catalog& catalog, const ModelInfo& used,
                                                       const PastUse& use, std::size_t most);
// The conditions above in words, for whoever reads the result.
[[nodiscard]] std::vector<std::string> cheaper_assumptions();

}  // namespace pryx::models
