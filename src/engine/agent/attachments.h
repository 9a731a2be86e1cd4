// SPDX-License-Identifier: MIT
// Which images and files of a conversation a model gets to see. Pure: what is left out is said in the text
// where it stood, so neither the model nor the reader of the request is in doubt. The rows keep all of it.
#pragma once
#include <cstdint>
#include <string>

#include "engine/models/provider.h"

namespace pryx::agent {

// Of one request; vendors take about as much.
inline constexpr std::int64_t kMaxAttachmentBytes = 20 << 20;
inline constexpr std::size_t kMaxAttachments = 20;

// Takes this one out of the message and says why in its text.
void leave_out(models::ChatMessage& message, std::size_t attachment, std::string_view why);
// Images when the model is known to see none; then the oldest until the rest is within the limits.
// `max_images` of the model; 0: it is not known, or there is none.
void fit_attachments(models::ModelRequest& request, std::optional<bool> takes_images,
                     std::int64_t max_images = 0);

}  // namespace pryx::agent
