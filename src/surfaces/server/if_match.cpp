// SPDX-License-Identifier: MIT
#include "surfaces/server/if_match.h"

#include "foundation/base/text.h"

namespace pryx::server {

void add_etag(Reply& reply, std::string_view hash) { reply.headers.add("ETag", fmt::format("\"{}\"", hash)); }

Result<std::string> expected_hash(const RouteCall& call) {
  if (const auto value = call.request.headers.find("If-Match")) {
    std::string_view hash = trim(*value);
    if (hash.size() >= 2 && hash.front() == '"' && hash.back() == '"') hash = hash.substr(1, hash.size() - 2);
    return std::string(hash);
  }
  PRYX_TRY(const auto hash, json::find_string(call.body, "hash"));
  if (hash) return *hash;
  return fail(ErrorCode::kInvalidArgument,
              "send the hash of the text you have seen as If-Match, so that nobody's edit is lost");
}

}  // namespace pryx::server
