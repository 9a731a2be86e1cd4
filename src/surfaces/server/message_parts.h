// SPDX-License-Identifier: MIT
// The `parts` of a message to send: text and images. Decoding is pure and bounded; the bytes of images become
// result files before the message is accepted.
#pragma once
#include <string>
#include <vector>

#include "engine/agent/inbox.h"
#include "foundation/base/json.h"
#include "surfaces/server/server.h"

namespace pryx::server {

inline constexpr std::size_t kMaxParts = 32;
inline constexpr std::size_t kMaxImages = 8;
inline constexpr std::size_t kMaxImageBytes = 5u << 20;  // of one; the request's own limit holds as well

struct GivenPart {
  agent::Part part;
  std::string bytes;  // of an image, not yet kept
};

// [{type: text, text} | {type: image, media_type, data, name?, detail?}]. kInvalidArgument names the part; an
// image must be what it says it is.
[[nodiscard]] Result<std::vector<GivenPart>> decode_parts(const json::array& parts,
                                                          const trust::Labels& labels);

// Adds the body's `parts`, when it has any, before the message's text. kInvalidArgument when the model is
// known to see no images.
[[nodiscard]] async::Task<Result<agent::NewMessage>> with_parts(const json::object& body,
                                                                agent::NewMessage message, Caller caller,
                                                                Services& services);

}  // namespace pryx::server
