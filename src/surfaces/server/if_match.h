// SPDX-License-Identifier: MIT
// Whole texts that people edit are replaced only by who has seen the present one: its hash travels as ETag
// and If-Match, or as `hash`.
#pragma once
#include "surfaces/server/route.h"

namespace pryx::server {

void add_etag(Reply& reply, std::string_view hash);
// From If-Match, else from the body's `hash`; kInvalidArgument when there is neither.
[[nodiscard]] Result<std::string> expected_hash(const RouteCall& call);

}  // namespace pryx::server
