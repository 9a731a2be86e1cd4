// SPDX-License-Identifier: MIT
// A text as a QR code. A POST, because what people hand over this way is often a secret for a minute, and
// addresses are kept in logs and histories.
#include "surfaces/qr/qr_code.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {

async::Task<Result<Reply>> make_qr(RouteCall& call) {
  PRYX_CO_TRY(const std::string text, json::get_string(call.body, "text"));
  PRYX_CO_TRY(const qr::Code code, qr::encode(text));
  Reply reply{.body = qr::to_svg(code), .headers = {}, .content_type = "image/svg+xml"};
  reply.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  co_return reply;
}

}  // namespace pryx::server::routes
