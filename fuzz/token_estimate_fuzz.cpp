// SPDX-License-Identifier: MIT
// Any bytes have an estimate: positive, bounded by their number, and the same every time.
#include <cstdlib>

#include "engine/models/token_estimate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pryx::models;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const TokenizerFamily family : {TokenizerFamily::kOpenAi, TokenizerFamily::kAnthropic,
                                       TokenizerFamily::kGoogle, TokenizerFamily::kLlama}) {
    const std::int64_t tokens = estimate_tokens(family, text);
    if (size > 0 && tokens <= 0) std::abort();
    if (tokens > static_cast<std::int64_t>(size) * 6 + 8) std::abort();
    if (tokens != estimate_tokens(family, text)) std::abort();
  }
  return 0;
}
