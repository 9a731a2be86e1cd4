// SPDX-License-Identifier: MIT
#include "surfaces/server/image_reply.h"

#include "foundation/base/image_type.h"

namespace pryx::server {

Result<Reply> image_reply(const RouteCall& call, std::string bytes, std::string_view name,
                          std::string_view tag) {
  const std::string_view type = image_type_of(bytes);
  if (type.empty()) return fail(ErrorCode::kNotFound, "this is no PNG, JPEG, GIF or WebP image");
  Reply reply{.status = 200, .body = std::move(bytes), .headers = {}, .content_type = std::string(type)};
  reply.headers.add("X-Content-Type-Options", "nosniff");
  reply.headers.add("Content-Security-Policy", "default-src 'none'; sandbox");
  reply.headers.add("Cross-Origin-Resource-Policy", "same-origin");
  reply.headers.add("Content-Disposition",
                    fmt::format("inline; filename=\"{}.{}\"", name, image_ending_of(type)));
  if (tag.empty()) {
    reply.headers.add("Cache-Control", "private, no-store");
    return reply;
  }
  // Kept by the browser, and asked for each time: whoever may no longer read it sees it no longer.
  const std::string quoted = fmt::format("\"{}\"", tag);
  reply.headers.add("Cache-Control", "private, no-cache");
  reply.headers.add("ETag", quoted);
  if (call.request.headers.find("If-None-Match").value_or("") == quoted) {
    reply.status = 304;
    reply.body.clear();
    reply.content_type.clear();
  }
  return reply;
}

}  // namespace pryx::server
