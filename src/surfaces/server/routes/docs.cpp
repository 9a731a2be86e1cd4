// SPDX-License-Identifier: MIT
#include "surfaces/manual/manual.h"

#include "foundation/base/text.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server {

json::object encode(const manual::Page& page) {
  return {{"topic", page.topic}, {"title", page.title}, {"text", page.text}};
}

}  // namespace pryx::server

namespace pryx::server::routes {

async::Task<Result<Reply>> list_docs(RouteCall&) {
  json::array items;
  for (const manual::Page& page : manual::pages()) items.push_back(encode(page));
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> get_docs(RouteCall& call) {
  PRYX_CO_TRY(const manual::Page page, manual::find_page(utf8_prefix(call.path_values.at(0), 64)));
  co_return Reply::of(encode(page));
}

}  // namespace pryx::server::routes
