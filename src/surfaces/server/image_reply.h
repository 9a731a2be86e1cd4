// SPDX-License-Identifier: MIT
// An image as an answer of its own: bytes of strangers on our origin. The type is what the bytes say, nothing
// guesses another one, and as a document it could do nothing.
#pragma once
#include <string>

#include "surfaces/server/route.h"

namespace pryx::server {

// `name` without an ending; letters, digits, "-" and "_". `tag` of the content, for ETag; empty: the answer
// is not kept. kNotFound when the bytes are no image that we show.
[[nodiscard]] Result<Reply> image_reply(const RouteCall& call, std::string bytes, std::string_view name,
                                        std::string_view tag);

}  // namespace pryx::server
