// SPDX-License-Identifier: MIT
// The form of a catalog file.
#include <cmath>

#include "engine/models/catalog.h"
#include "foundation/base/clock.h"
#include "foundation/base/text.h"
#include "foundation/config/yaml.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxModels = 5'000;
constexpr std::int64_t kMaxTokens = 1'000'000'000;
constexpr double kMaxUsdPerMillion = 1'000'000;
constexpr std::size_t kMaxText = 200;

// Reads one file; the first thing that does not fit ends it, with its line.
class Reader {
 public:
  Reader(const config::YamlDocument& document, std::string_view name, bool is_whole)
      : document_(document), name_(name), is_whole_(is_whole) {}

  Result<CatalogFile> read() {
    CatalogFile out;
    if (document_.root.is_null() && !is_whole_) return out;
    const json::object* root = document_.root.if_object();
    if (root == nullptr) return wrong("", "must be a map with `models`");
    PRYX_TRY_VOID(only(*root, "", {"format", "as_of", "source", "models"}));
    const json::value* format = json::find(*root, "format");
    if ((is_whole_ || format != nullptr) &&
        (format == nullptr || !format->is_int64() || format->get_int64() != 1))
      return wrong("/format", "must be 1; a newer Pryx may read this file");
    PRYX_TRY(const auto as_of, day(*root, ""));
    PRYX_TRY(const auto source, text(*root, "", "source"));
    if (is_whole_ && (!as_of || !source)) return wrong("", "needs `as_of` and `source`");
    out.as_of = as_of.value_or("");
    out.source = source.value_or("");
    const json::value* models = json::find(*root, "models");
    if (models == nullptr && !is_whole_) return out;
    if (models == nullptr || !models->is_object()) return wrong("/models", "must be a map of models");
    if (models->get_object().size() > kMaxModels) return wrong("/models", "has too many models");
    for (const auto& [key, value] : models->get_object()) {
      const std::string pointer = "/models/" + config::pointer_step(key);
      const std::size_t slash = std::string_view(key).find('/');
      if (slash == std::string_view::npos || slash == 0 || slash + 1 == key.size() || key.size() > 256)
        return wrong(pointer, "a model is named PROVIDER/MODEL");
      if (!value.is_object()) return wrong(pointer, "must be a map");
      PRYX_TRY(CatalogEntry entry, read_entry(value.get_object(), pointer));
      out.models.emplace(key, std::move(entry));
    }
    return out;
  }

 private:
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view pointer, std::string_view what) const {
    return fail(ErrorCode::kInvalidArgument, "{}: line {}: {}", name_, document_.line_of(pointer), what);
  }

  Result<void> only(const json::object& o, const std::string& pointer,
                    std::initializer_list<std::string_view> known) const {
    for (const auto& member : o) {
      if (std::find(known.begin(), known.end(), std::string_view(member.key())) == known.end())
        return wrong(pointer + "/" + config::pointer_step(member.key()),
                     fmt::format("there is no key '{}' here", utf8_prefix(member.key(), 40)));
    }
    return {};
  }

  Result<CatalogEntry> read_entry(const json::object& o, const std::string& at) const {
    PRYX_TRY_VOID(only(o, at,
                       {"family", "tokenizer", "context", "max_output", "takes", "gives", "tools",
                        "reasoning", "max_tools", "max_images", "price", "as_of", "source"}));
    CatalogEntry out;
    PRYX_TRY(out.family, text(o, at, "family"));
    PRYX_TRY(out.tokenizer, text(o, at, "tokenizer"));
    PRYX_TRY(out.context_tokens, tokens(o, at, "context"));
    PRYX_TRY(out.max_output_tokens, tokens(o, at, "max_output"));
    PRYX_TRY(out.takes, modalities(o, at, "takes"));
    PRYX_TRY(out.gives, modalities(o, at, "gives"));
    PRYX_TRY(out.tools, flag(o, at, "tools"));
    PRYX_TRY(out.reasoning, flag(o, at, "reasoning"));
    PRYX_TRY(out.max_tools, tokens(o, at, "max_tools", "must be a number of tools"));
    PRYX_TRY(out.max_images, tokens(o, at, "max_images", "must be a number of images"));
    PRYX_TRY(auto as_of, day(o, at));
    PRYX_TRY(auto source, text(o, at, "source"));
    if (is_whole_ && (!as_of || !source)) return wrong(at, "needs `as_of` and `source`");
    out.as_of = std::move(as_of).value_or("");
    out.source = std::move(source).value_or("");
    if (const auto found = o.find("price"); found != o.end()) {
      out.unpriced = found->value().is_null();
      if (!out.unpriced) {
        if (!found->value().is_object()) return wrong(at + "/price", "must be a map or null");
        PRYX_TRY(out.price, price(found->value().get_object(), at + "/price"));
      }
    }
    return out;
  }

  Result<Price> price(const json::object& o, const std::string& at) const {
    PRYX_TRY_VOID(only(o, at, {"input", "output", "cache_read", "cache_write", "above"}));
    Price out;
    PRYX_TRY(out.rates, rates(o, at));
    const json::value* above = json::find(o, "above");
    if (above == nullptr) return out;
    const std::string deeper = at + "/above";
    if (!above->is_object()) return wrong(deeper, "must be a map");
    PRYX_TRY_VOID(
        only(above->get_object(), deeper, {"tokens", "input", "output", "cache_read", "cache_write"}));
    PRYX_TRY(const auto from, tokens(above->get_object(), deeper, "tokens"));
    if (!from) return wrong(deeper, "needs `tokens`");
    out.above_tokens = *from;
    PRYX_TRY(out.above, rates(above->get_object(), deeper));
    return out;
  }

  Result<Rates> rates(const json::object& o, const std::string& at) const {
    PRYX_TRY(const auto input, rate(o, at, "input"));
    PRYX_TRY(const auto output, rate(o, at, "output"));
    if (!input || !output) return wrong(at, "a price needs `input` and `output`");
    Rates out{.input = *input, .output = *output, .cache_read = {}, .cache_write = {}};
    PRYX_TRY(out.cache_read, rate(o, at, "cache_read"));
    PRYX_TRY(out.cache_write, rate(o, at, "cache_write"));
    return out;
  }

  // USD per million tokens, in the file as people read it.
  Result<std::optional<std::int64_t>> rate(const json::object& o, const std::string& at,
                                           std::string_view key) const {
    const json::value* found = json::find(o, key);
    if (found == nullptr) return std::nullopt;
    double usd = -1;
    if (found->is_int64()) usd = static_cast<double>(found->get_int64());
    if (found->is_double()) usd = found->get_double();
    if (!(usd >= 0 && usd <= kMaxUsdPerMillion))
      return wrong(at + "/" + std::string(key), "must be USD per million tokens");
    return std::llround(usd * 1e6);
  }

  Result<std::optional<std::int64_t>> tokens(const json::object& o, const std::string& at,
                                             std::string_view key,
                                             std::string_view what = "must be a number of tokens") const {
    const json::value* found = json::find(o, key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_int64() || found->get_int64() <= 0 || found->get_int64() > kMaxTokens)
      return wrong(at + "/" + std::string(key), what);
    return found->get_int64();
  }

  Result<std::optional<bool>> flag(const json::object& o, const std::string& at, std::string_view key) const {
    const json::value* found = json::find(o, key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_bool()) return wrong(at + "/" + std::string(key), "must be true or false");
    return found->get_bool();
  }

  Result<std::optional<std::string>> text(const json::object& o, const std::string& at,
                                          std::string_view key) const {
    const json::value* found = json::find(o, key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_string() || found->get_string().size() > kMaxText)
      return wrong(at + "/" + std::string(key), "must be a short text");
    return std::string(found->get_string());
  }

  Result<std::optional<std::string>> day(const json::object& o, const std::string& at) const {
    PRYX_TRY(auto found, text(o, at, "as_of"));
    if (found && !parse_rfc3339(*found + "T00:00:00Z"))
      return wrong(at + "/as_of", "must be a day, YYYY-MM-DD");
    return found;
  }

  Result<std::optional<std::vector<std::string>>> modalities(const json::object& o, const std::string& at,
                                                             std::string_view key) const {
    const json::value* found = json::find(o, key);
    if (found == nullptr) return std::nullopt;
    std::vector<std::string> out;
    const json::array* list = found->if_array();
    if (list == nullptr || list->size() > 16) return wrong(at + "/" + std::string(key), "must be a list");
    for (const json::value& item : *list) {
      if (!item.is_string() || item.get_string().size() > 20)
        return wrong(at + "/" + std::string(key), "must be a list of text, image, audio, video, pdf");
      out.emplace_back(item.get_string());
    }
    return out;
  }

  const config::YamlDocument& document_;
  std::string_view name_;
  bool is_whole_;
};

Result<CatalogFile> parse(std::string_view text, std::string_view name, bool is_whole) {
  const auto document = config::parse_yaml(text);
  if (!document) return fail(document.error().code, "{}: {}", name, document.error().message);
  return Reader(*document, name, is_whole).read();
}

}  // namespace

Result<CatalogFile> parse_catalog(std::string_view text, std::string_view name) {
  return parse(text, name, true);
}

Result<CatalogFile> parse_catalog_overrides(std::string_view text, std::string_view name) {
  return parse(text, name, false);
}

}  // namespace pryx::models
