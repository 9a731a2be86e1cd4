// SPDX-License-Identifier: MIT
// How many tokens an image is for a model, by the rules that vendors publish: from its size in pixels, by
// tiles or by patches. Pure.
#pragma once
#include <cstdint>
#include <string_view>

#include "engine/models/token_estimate.h"

namespace pryx::models {

struct ImageRule {
  enum class Kind : std::uint8_t {
    kFlat,     // the same for each
    kTiles,    // squares of 512 pixels, of what is left when its shorter side was made 768 at most
    kPatches,  // small squares up to a number of them, to which it is made smaller
    kCrops,    // squares that follow its shorter side
  };
  Kind kind = Kind::kFlat;
  std::int64_t unsized = 0;  // of one whose size is not known; kFlat: of any
  std::int64_t base = 0;     // kTiles: before the first; all that one with little detail takes
  std::int64_t each = 0;     // of a tile or a crop
  double side = 0;           // kPatches: in pixels
  std::int64_t most = 0;     // kPatches: of them
  double longest = 0;        // kPatches: side of an image, in pixels; 0: any
  double factor = 1;         // kPatches: tokens of one
};

// `model`: "gpt-4o", with or without a provider before it; what nobody has heard of counts as the newest of
// its family.
[[nodiscard]] const ImageRule& image_rule(TokenizerFamily family, std::string_view model);
[[nodiscard]] std::int64_t image_tokens(const ImageRule& rule, const Attachment& image);

}  // namespace pryx::models
