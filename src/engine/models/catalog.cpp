// SPDX-License-Identifier: MIT
#include "engine/models/catalog.h"

#include <algorithm>
#include <set>

#include "engine/models/presets.h"
#include "foundation/base/log.h"

namespace pryx::models {
namespace {

// "gpt-4o-2024-11-20" and "claude-opus-4-1-20250805" to what they are dates of; empty: there is no date.
std::string_view without_date(std::string_view model) {
  constexpr std::string_view kLatest = "-latest";
  if (model.ends_with(kLatest)) return model.substr(0, model.size() - kLatest.size());
  for (const std::string_view shape : {"-dddd-dd-dd", "-dddddddd", "@dddddddd"}) {
    if (model.size() <= shape.size()) continue;
    const std::string_view end = model.substr(model.size() - shape.size());
    const bool fits = std::ranges::equal(
        end, shape, [](char c, char s) { return s == 'd' ? c >= '0' && c <= '9' : c == s; });
    if (fits) return model.substr(0, model.size() - shape.size());
  }
  return {};
}

void lay_over(ModelInfo& info, const CatalogEntry& entry) {
  if (entry.context_tokens) info.context_tokens = *entry.context_tokens;
  if (entry.max_output_tokens) info.max_output_tokens = *entry.max_output_tokens;
  if (entry.price) info.price = entry.price;
  if (entry.unpriced) info.price.reset();
  if (entry.family) info.family = *entry.family;
  if (entry.tokenizer) info.tokenizer = *entry.tokenizer;
  if (entry.takes) info.takes = *entry.takes;
  if (entry.gives) info.gives = *entry.gives;
  if (entry.tools) info.tools = entry.tools;
  if (entry.reasoning) info.reasoning = entry.reasoning;
  if (entry.max_tools) info.max_tools = *entry.max_tools;
  if (entry.max_images) info.max_images = *entry.max_images;
  info.as_of = entry.as_of;
  info.source = entry.source;
}

}  // namespace

std::shared_ptr<const CatalogFile> built_in_catalog() {
  static const std::shared_ptr<const CatalogFile> kFile = [] {
    auto parsed = parse_catalog(built_in_catalog_text(), "the built-in catalog");
    if (!parsed) log::error("catalog.built_in_invalid", {{"error", parsed.error().message}});
    return std::make_shared<const CatalogFile>(parsed ? std::move(*parsed) : CatalogFile{});
  }();
  return kFile;
}

Catalog::Catalog() : Catalog(built_in_catalog(), nullptr) {}

Catalog::Catalog(std::shared_ptr<const CatalogFile> base, std::shared_ptr<const CatalogFile> overrides)
    : base_(std::move(base)), overrides_(std::move(overrides)) {}

const CatalogEntry* Catalog::find_base(std::string_view vendor, std::string_view model) const {
  const auto exactly = [&](std::string_view name) -> const CatalogEntry* {
    const auto found = base_->models.find(fmt::format("{}/{}", vendor, name));
    return found == base_->models.end() ? nullptr : &found->second;
  };
  if (const CatalogEntry* found = exactly(model)) return found;
  if (const std::string_view plain = without_date(model); !plain.empty()) {
    if (const CatalogEntry* found = exactly(plain)) return found;
  }
  // A tag says which size of a model: limits are the server's to know, the family is the same.
  const std::size_t tag = model.find(':');
  return vendor == "ollama" && tag != std::string_view::npos ? exactly(model.substr(0, tag)) : nullptr;
}

std::vector<const CatalogEntry*> Catalog::find_overrides(std::string_view provider,
                                                         std::string_view full_name) const {
  std::vector<const CatalogEntry*> out;
  if (!overrides_) return out;
  for (const std::string& name : {fmt::format("{}/*", provider), std::string(full_name)}) {
    const auto found = overrides_->models.find(name);
    if (found != overrides_->models.end()) out.push_back(&found->second);
  }
  return out;
}

std::optional<ModelInfo> Catalog::find(std::string_view full_name, std::string_view vendor) const {
  const std::size_t slash = full_name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view provider = full_name.substr(0, slash);
  const CatalogEntry* known = find_base(vendor.empty() ? provider : vendor, full_name.substr(slash + 1));
  if (known == nullptr && find_overrides(provider, full_name).empty()) return std::nullopt;
  ModelInfo info;
  info.provider = provider;
  info.id = full_name.substr(slash + 1);
  return complete(std::move(info), vendor);
}

bool Catalog::lists(std::string_view vendor) const {
  const std::string prefix = fmt::format("{}/", vendor);
  const auto first = base_->models.lower_bound(prefix);
  return vendor != "ollama" && first != base_->models.end() && first->first.starts_with(prefix);
}

std::vector<std::string> Catalog::models_of(std::string_view provider, std::string_view vendor) const {
  std::set<std::string> ids;
  const auto add = [&ids](const CatalogFile& file, std::string_view name) {
    const std::string prefix = fmt::format("{}/", name);
    for (auto at = file.models.lower_bound(prefix); at != file.models.end() && at->first.starts_with(prefix);
         ++at) {
      if (at->first != prefix + "*") ids.insert(at->first.substr(prefix.size()));
    }
  };
  if (vendor.empty()) vendor = provider;
  if (lists(vendor)) add(*base_, vendor);
  if (overrides_) add(*overrides_, provider);
  return {ids.begin(), ids.end()};
}

ModelInfo Catalog::complete(ModelInfo said, std::string_view vendor) const {
  ModelInfo out{.id = said.id, .provider = said.provider, .context_tokens = 0, .max_output_tokens = 0};
  if (const CatalogEntry* known = find_base(vendor.empty() ? said.provider : vendor, said.id))
    lay_over(out, *known);
  if (said.context_tokens > 0) out.context_tokens = said.context_tokens;
  if (said.max_output_tokens > 0) out.max_output_tokens = said.max_output_tokens;
  if (said.price) {
    out.price = said.price;
    out.as_of = said.as_of;
    out.source = said.source;
  }
  if (!said.family.empty()) out.family = said.family;
  if (!said.tokenizer.empty()) out.tokenizer = said.tokenizer;
  if (!said.takes.empty()) out.takes = said.takes;
  if (!said.gives.empty()) out.gives = said.gives;
  if (said.tools) out.tools = said.tools;
  if (said.reasoning) out.reasoning = said.reasoning;
  const RequestLimits limits = request_limits_of(vendor.empty() ? said.provider : vendor);
  if (out.max_tools == 0) out.max_tools = limits.max_tools;
  if (out.max_images == 0) out.max_images = limits.max_images;
  for (const CatalogEntry* own : find_overrides(out.provider, out.full_name())) {
    lay_over(out, *own);
    if (out.source.empty()) out.source = "config/models.yaml";
  }
  return out;
}

}  // namespace pryx::models
