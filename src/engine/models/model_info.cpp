// SPDX-License-Identifier: MIT
#include "engine/models/model_info.h"

#include <algorithm>
#include <limits>

#include "engine/models/provider.h"

namespace pryx::models {
namespace {

__extension__ using Wide = __int128;

constexpr Wide kPicoPerNano = 1000;

std::int64_t to_nano(Wide pico) {
  const Wide nano = (pico + kPicoPerNano - 1) / kPicoPerNano;
  const Wide most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp<Wide>(nano, 0, most));
}

const Rates& rates_for(const Price& price, std::int64_t input_tokens) {
  return price.above && input_tokens > price.above_tokens ? *price.above : price.rates;
}

}  // namespace

bool Price::is_free() const {
  const auto free = [](const Rates& r) {
    return r.input == 0 && r.output == 0 && r.cache_read.value_or(0) == 0 && r.cache_write.value_or(0) == 0;
  };
  return free(rates) && (!above || free(*above));
}

std::int64_t cost_nano_usd(const Price& price, const Usage& usage) {
  const std::int64_t input = std::max<std::int64_t>(usage.input_tokens, 0);
  const std::int64_t read = std::clamp<std::int64_t>(usage.cached_input_tokens, 0, input);
  const std::int64_t written = std::clamp<std::int64_t>(usage.cache_write_tokens, 0, input - read);
  const Rates& rates = rates_for(price, input);
  return to_nano(Wide(input - read - written) * rates.input +
                 Wide(read) * rates.cache_read.value_or(rates.input) +
                 Wide(written) * rates.cache_write.value_or(rates.input) +
                 Wide(std::max<std::int64_t>(usage.output_tokens, 0)) * rates.output);
}

std::int64_t highest_cost_nano_usd(const Price& price, std::int64_t input_tokens,
                                   std::int64_t output_tokens) {
  const Rates& rates = rates_for(price, input_tokens);
  const std::int64_t dearest =
      std::max({rates.input, rates.cache_read.value_or(0), rates.cache_write.value_or(0)});
  return to_nano(Wide(std::max<std::int64_t>(input_tokens, 0)) * dearest +
                 Wide(std::max<std::int64_t>(output_tokens, 0)) * rates.output);
}

std::optional<bool> ModelInfo::takes_images() const {
  if (takes.empty()) return std::nullopt;
  return std::ranges::find(takes, "image") != takes.end();
}

}  // namespace pryx::models
