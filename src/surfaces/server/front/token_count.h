// SPDX-License-Identifier: MIT
// How many tokens a front's request is about, counted here and without asking anybody. Pure.
#pragma once
#include "engine/models/image_tokens.h"
#include "surfaces/server/front/front.h"

namespace pryx::server {

[[nodiscard]] std::int64_t count_tokens(const FrontRequest& request, models::TokenizerFamily family,
                                        const models::ImageRule& images);

}  // namespace pryx::server
