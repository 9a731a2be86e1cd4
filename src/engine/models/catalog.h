// SPDX-License-Identifier: MIT
// The catalog: what is known about models by name, from data/models.yaml (built in) or a later file of the
// same form, and over it what a person wrote into config/models.yaml. Files in, lookups out; immutable, so it
// is replaced whole. Pure; any thread.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/model_info.h"
#include "foundation/base/result.h"

namespace pryx::models {

// One line of a catalog: only what it says.
struct CatalogEntry {
  std::optional<std::int64_t> context_tokens;
  std::optional<std::int64_t> max_output_tokens;
  std::optional<Price> price;
  bool unpriced = false;  // it says `price: null`: an override takes a price away
  std::optional<std::string> family;
  std::optional<std::string> tokenizer;
  std::optional<std::vector<std::string>> takes;
  std::optional<std::vector<std::string>> gives;
  std::optional<bool> tools;
  std::optional<bool> reasoning;
  std::optional<std::int64_t> max_tools;
  std::optional<std::int64_t> max_images;
  std::string as_of;
  std::string source;
};

struct CatalogFile {
  std::string as_of;                                        // of the whole file; empty in a person's own
  std::string source;                                       // who says so
  std::map<std::string, CatalogEntry, std::less<>> models;  // "vendor/model"
};

// A whole catalog: `format: 1`, `as_of`, `source`, `models`; every model has `as_of` and `source`. An unknown
// key or a value that does not fit fails the file with its line. `name` is what messages call it.
[[nodiscard]] Result<CatalogFile> parse_catalog(std::string_view text, std::string_view name);
// A person's own file: `models` with full names of their providers, or "provider/*" for all of one's.
[[nodiscard]] Result<CatalogFile> parse_catalog_overrides(std::string_view text, std::string_view name);
// data/models.yaml. Parsed on the first call.
[[nodiscard]] std::shared_ptr<const CatalogFile> built_in_catalog();
[[nodiscard]] std::string_view built_in_catalog_text();

class Catalog {
 public:
  // The built-in file and nothing over it.
  Catalog();
  Catalog(std::shared_ptr<const CatalogFile> base, std::shared_ptr<const CatalogFile> overrides);

  // `full_name` is "provider/model". `vendor` is whose prices a provider of another name has ("openai" for
  // one that a person calls "work"); empty: the provider's name. A model that is not there by its exact name
  // is looked for without its date, "-latest" or, of Ollama's, its tag. nullopt: nothing is known.
  [[nodiscard]] std::optional<ModelInfo> find(std::string_view full_name, std::string_view vendor = {}) const;
  // `said` by the provider itself: its limits are nearer to the truth than the file's, a person's are
  // nearest.
  [[nodiscard]] ModelInfo complete(ModelInfo said, std::string_view vendor = {}) const;
  // Whether the file says what a vendor sells. Of Ollama's it names families only; there is what somebody
  // pulled.
  [[nodiscard]] bool lists(std::string_view vendor) const;
  // Ids of the models that a provider can be expected to have, sorted: what its vendor sells, and what a
  // person wrote of.
  [[nodiscard]] std::vector<std::string> models_of(std::string_view provider,
                                                   std::string_view vendor = {}) const;
  [[nodiscard]] const CatalogFile& base() const { return *base_; }

 private:
  [[nodiscard]] const CatalogEntry* find_base(std::string_view vendor, std::string_view model) const;
  [[nodiscard]] std::vector<const CatalogEntry*> find_overrides(std::string_view provider,
                                                                std::string_view full_name) const;
  std::shared_ptr<const CatalogFile> base_;
  std::shared_ptr<const CatalogFile> overrides_;  // may be null
};

}  // namespace pryx::models
