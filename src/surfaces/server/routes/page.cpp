// SPDX-License-Identifier: MIT
// The page of ours, the API document and the way onto the bus. The page's files hold no data of the user or
// the daemon.
#include "surfaces/server/bus.h"
#include "surfaces/server/embedded.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri "
    "'none'; form-action 'none'; "
    "frame-ancestors 'none'";

Reply file_reply(std::string_view text, std::string_view type) {
  Reply reply{.body = std::string(text), .headers = {}, .content_type = std::string(type)};
  reply.headers.add("Content-Security-Policy", std::string(kPolicy));
  reply.headers.add("Referrer-Policy", "no-referrer");
  reply.headers.add("X-Frame-Options", "DENY");
  reply.headers.add("Cross-Origin-Opener-Policy", "same-origin");
  reply.headers.add("Cross-Origin-Resource-Policy", "same-origin");
  return reply;
}

}  // namespace

async::Task<Result<Reply>> get_page(RouteCall&) {
  co_return file_reply(embedded::page_html(), "text/html; charset=utf-8");
}
async::Task<Result<Reply>> get_page_script(RouteCall&) {
  co_return file_reply(embedded::page_js(), "text/javascript; charset=utf-8");
}
async::Task<Result<Reply>> get_page_style(RouteCall&) {
  co_return file_reply(embedded::page_css(), "text/css; charset=utf-8");
}
async::Task<Result<Reply>> get_page_icon(RouteCall&) {
  co_return file_reply(embedded::page_icon(), "image/svg+xml");
}
async::Task<Result<Reply>> get_openapi(RouteCall&) {
  co_return Reply{.body = std::string(embedded::openapi_json()), .headers = {}};
}
async::Task<Result<Reply>> connect_bus(RouteCall& call) { co_return co_await call.core.bus.serve(call); }

}  // namespace pryx::server::routes
