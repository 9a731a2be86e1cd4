// SPDX-License-Identifier: MIT
// Sources, as of November 2026: OpenAI, platform.openai.com/docs/guides/images-vision, "Calculating costs";
// Anthropic, platform.claude.com/docs/en/build-with-claude/vision, "Evaluate image size"; Google,
// ai.google.dev/gemini-api/docs/tokens and its media-resolution; Qwen, the preprocessor of its models.
#include "engine/models/image_tokens.h"

#include <algorithm>
#include <cmath>

#include "engine/models/model_version.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

using Kind = ImageRule::Kind;

constexpr double kTile = 512, kTiledLongest = 2'048, kTiledShorter = 768;
constexpr double kUncropped = 384, kCroppedLongest = 3'072, kLeastCrop = 256, kMostCrop = 768;

constexpr ImageRule tiles(std::int64_t base, std::int64_t each) {
  return {.kind = Kind::kTiles, .unsized = base + 6 * each, .base = base, .each = each};
}
constexpr ImageRule patches_of_32(std::int64_t most, double factor) {
  return {.kind = Kind::kPatches,
          .unsized = static_cast<std::int64_t>(1'024 * factor),  // a square of 1,024 pixels
          .side = 32,
          .most = most,
          .factor = factor};
}
constexpr ImageRule patches_of_28(std::int64_t most, double longest) {
  return {.kind = Kind::kPatches, .unsized = 1'600, .side = 28, .most = most, .longest = longest};
}

struct NamedRule {
  std::string_view begin;  // of the model's name; the first that fits counts
  ImageRule rule;
};
// gpt-4o-mini bills 33 times the tokens that fill its context, so that an image costs what it costs with
// gpt-4o; most_tokens() has what that may come to.
constexpr NamedRule kOpenAi[] = {
    {"gpt-4.1-mini", patches_of_32(1'536, 1.62)},
    {"gpt-4.1-nano", patches_of_32(1'536, 2.46)},
    {"gpt-5-mini", patches_of_32(1'536, 1.62)},
    {"gpt-5-nano", patches_of_32(1'536, 2.46)},
    {"o4-mini", patches_of_32(1'536, 1.72)},
    {"codex-mini", patches_of_32(1'536, 1.72)},
    {"gpt-4", tiles(85, 170)},
    {"chatgpt-4o", tiles(85, 170)},
    {"o1", tiles(75, 150)},
    {"o3", tiles(75, 150)},
    {"gpt-5.1", tiles(70, 140)},
    {"gpt-5.", patches_of_32(2'500, 1.2)},
    {"gpt-5", tiles(70, 140)},
    {"", patches_of_32(2'500, 1.2)},
};
constexpr ImageRule kClaude = patches_of_28(1'568, 1'568);
constexpr ImageRule kClaudeInDetail = patches_of_28(4'784, 2'576);
constexpr ModelVersion kFirstInDetail{4, 7};
constexpr ImageRule kGemini{.kind = Kind::kFlat, .unsized = 1'120};
constexpr ImageRule kGeminiCrops{.kind = Kind::kCrops, .unsized = 4 * 258, .each = 258};
constexpr ModelVersion kFirstFlatGemini{3, 0};
constexpr ImageRule kQwen = patches_of_28(16'384, 0);
constexpr ImageRule kAny{.kind = Kind::kFlat, .unsized = 1'600};

struct Size {
  double width = 0;
  double height = 0;
  [[nodiscard]] double shorter() const { return std::min(width, height); }
  [[nodiscard]] double longer() const { return std::max(width, height); }
  [[nodiscard]] Size divided_by(double by) const { return {width / by, height / by}; }
  [[nodiscard]] Size within(double longest) const {
    return longer() > longest ? divided_by(longer() / longest) : *this;
  }
  // How many squares cover it. What a division leaves behind the comma fills no square.
  [[nodiscard]] std::int64_t squares(double side) const {
    const auto along = [side](double length) {
      return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(length / side - 1e-6)));
    };
    return along(width) * along(height);
  }
};

}  // namespace

const ImageRule& image_rule(TokenizerFamily family, std::string_view model) {
  // "anthropic/claude-…" at a gateway: the last part names the model.
  const std::string name = lower_ascii(model.substr(model.rfind('/') + 1));
  const ModelVersion version = version_of(name);
  switch (family) {
    case TokenizerFamily::kOpenAi: {
      const auto fits = [&](const NamedRule& row) { return name.starts_with(row.begin); };
      return std::ranges::find_if(kOpenAi, fits)->rule;
    }
    case TokenizerFamily::kAnthropic:
      return version.is_known() && version < kFirstInDetail ? kClaude : kClaudeInDetail;
    case TokenizerFamily::kGoogle:
      return name.starts_with("gemini") && (!version.is_known() || version >= kFirstFlatGemini)
                 ? kGemini
                 : kGeminiCrops;
    case TokenizerFamily::kLlama:
      break;
  }
  return name.find("qwen") != std::string::npos ? kQwen : kAny;
}

std::int64_t image_tokens(const ImageRule& rule, const Attachment& image) {
  if (rule.kind == Kind::kTiles && image.detail == Attachment::Detail::kLow) return rule.base;
  Size size{static_cast<double>(image.width), static_cast<double>(image.height)};
  if (image.width <= 0 || image.height <= 0) return rule.unsized;
  switch (rule.kind) {
    case Kind::kFlat:
      break;
    case Kind::kTiles:
      size = size.within(kTiledLongest);
      if (size.shorter() > kTiledShorter) size = size.divided_by(size.shorter() / kTiledShorter);
      return rule.base + rule.each * size.squares(kTile);
    case Kind::kPatches: {
      if (rule.longest > 0) size = size.within(rule.longest);
      const auto patches = static_cast<double>(std::min(size.squares(rule.side), rule.most));
      return static_cast<std::int64_t>(std::ceil(patches * rule.factor - 1e-6));
    }
    case Kind::kCrops:
      if (size.longer() <= kUncropped) return rule.each;
      size = size.within(kCroppedLongest);
      return rule.each * size.squares(std::clamp(std::floor(size.shorter() / 1.5), kLeastCrop, kMostCrop));
  }
  return rule.unsized;
}

}  // namespace pryx::models
