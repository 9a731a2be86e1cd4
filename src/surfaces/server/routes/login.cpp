// SPDX-License-Identifier: MIT
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {

// The code goes into the fragment: browsers keep that to themselves, so no log or referrer ever has it.
async::Task<Result<Reply>> make_login_link(RouteCall& call) {
  const std::string& url = call.services().info.url;
  if (url.empty())
    co_return fail(ErrorCode::kConflict, "this daemon does not listen on TCP; start it without --no-tcp");
  const LoginLink link = call.core.auth.browsers().make_link(call.caller());
  co_return Reply::of({{"url", fmt::format("{}/#code={}", url, link.code)},
                       {"code", link.code},
                       {"expires_at", to_rfc3339(link.expires_at)}},
                      201);
}

async::Task<Result<Reply>> log_in(RouteCall& call) {
  if (call.request.peer.transport != net::Peer::Transport::kTcp)
    co_return fail(ErrorCode::kInvalidArgument, "login is for browsers, over TCP");
  PRYX_CO_TRY(const std::string code, json::get_string(call.body, "code"));
  const auto opened = call.core.auth.browsers().redeem(code);
  if (!opened) {
    co_return std::unexpected(call.core.auth.refuse_credential(
        call.request.peer, "this login link was used or is over; make another with: pryx open"));
  }
  Reply reply = Reply::of({{"csrf_token", opened->csrf}, {"expires_at", to_rfc3339(opened->expires_at)}});
  reply.headers.add("Set-Cookie", fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict",
                                              call.core.auth.cookie_name(), opened->cookie_value));
  co_return reply;
}

async::Task<Result<Reply>> log_out(RouteCall& call) {
  if (call.identity.proof != Identity::Proof::kCookie)
    co_return fail(ErrorCode::kInvalidArgument, "only a browser session can log out; revoke a token instead");
  call.core.auth.browsers().end(call.identity.key);
  call.core.auth.end_all_with(call.identity.key);
  Reply reply = Reply::empty();
  reply.headers.add("Set-Cookie", fmt::format("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
                                              call.core.auth.cookie_name()));
  co_return reply;
}

}  // namespace pryx::server::routes
