// SPDX-License-Identifier: MIT
// The browser application, the API document and the way onto the bus. The application's files hold no data of
// the user or the daemon.
#include "foundation/base/text.h"
#include "surfaces/server/app/app_serving.h"
#include "surfaces/server/bus.h"
#include "surfaces/server/embedded.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {

async::Task<Result<Reply>> get_app(RouteCall& call) {
  std::string nonce(18, '\0');
  call.services().random.fill({reinterpret_cast<std::uint8_t*>(nonce.data()), nonce.size()});
  const std::string origin = call.core.auth.origin_of(call.request);
  PRYX_CO_TRY(net::Response response,
              serve_app(embedded::app_files(), call.request, to_base64url(nonce), origin));
  co_return Reply::response(std::move(response));
}
async::Task<Result<Reply>> get_openapi(RouteCall&) {
  co_return Reply{.body = std::string(embedded::openapi_json()), .headers = {}};
}
async::Task<Result<Reply>> connect_bus(RouteCall& call) { co_return co_await call.core.bus.serve(call); }

}  // namespace pryx::server::routes
