// SPDX-License-Identifier: MIT
// A catalog that was fetched from anywhere, and a person's own file.
#include <cstdint>
#include <cstdlib>

#include "engine/models/catalog.h"
#include "engine/models/provider.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pryx::models;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto own = parse_catalog_overrides(bytes, "own");
  const auto whole = parse_catalog(bytes, "whole");
  if (!whole) return 0;
  if (!own) std::abort();  // what is a whole catalog is a partial one too
  const Catalog catalog(std::make_shared<const CatalogFile>(*whole),
                        std::make_shared<const CatalogFile>(*own));
  for (const auto& [name, entry] : whole->models) {
    const auto found = catalog.find(name);
    if (!found || found->context_tokens < 0) std::abort();
    if (found->price && cost_nano_usd(*found->price, {.input_tokens = 1'000'000, .output_tokens = 1}) < 0)
      std::abort();
  }
  return 0;
}
