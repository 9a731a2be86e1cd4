// SPDX-License-Identifier: MIT
// Reading gzip. Pure, any thread.
#pragma once
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::net {

// One gzip member without a name or comment, as compressors make from memory. kInvalidArgument: it is none,
// is cut off, or its checksum disagrees; kTooLarge: it would be longer than `max_bytes`, which is never
// allocated ahead.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes);

}  // namespace pryx::net
