// SPDX-License-Identifier: MIT
#include <functional>

#include "surfaces/server/browser_session_store.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

using Along = std::function<Result<void>(db::Connection&)>;

// A way in that cannot be recorded is not opened. `along` is written in the same transaction.
async::Task<Result<void>> record(RouteCall& call, std::string kind, PrincipalId principal, Along along = {}) {
  const auto written =
      co_await call.services().database.write([&](db::Transaction& t) -> Result<std::int64_t> {
        if (along) PRYX_TRY_VOID(along(t.db()));
        return call.services().audit.append(
            t, {.principal = principal,
                .kind = kind,
                .actor = call.caller().surface,
                .subject = std::string(transport_name(call.caller().transport))});
      });
  if (!written) co_return std::unexpected(written.error());
  co_return Result<void>{};
}

}  // namespace

// The code goes into the fragment: browsers keep that to themselves, so no log or referrer ever has it.
async::Task<Result<Reply>> make_login_link(RouteCall& call) {
  const DaemonInfo& info = call.services().info;
  if (info.url.empty())
    co_return fail(ErrorCode::kConflict, "this daemon does not listen on TCP; start it without --no-tcp");
  PRYX_CO_TRY_VOID(co_await record(call, "login.link_made", call.principal()));
  const LoginLink link = call.core.auth.browsers().make_link(call.caller());
  json::value elsewhere;
  if (!info.public_url.empty()) elsewhere = fmt::format("{}/#code={}", info.public_url, link.code);
  co_return Reply::of({{"url", fmt::format("{}/#code={}", info.url, link.code)},
                       {"public_url", std::move(elsewhere)},
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
  // Whoever fails before this point leaves no row: strangers must not be able to fill the log.
  const BrowserSession session = *call.core.auth.browsers().peek(opened->key);
  const auto recorded =
      co_await record(call, "login.opened", owner().id, [&opened, &session](db::Connection& c) {
        return BrowserSessionStore::insert(c, opened->key, session);
      });
  if (!recorded) {
    call.core.auth.browsers().end(opened->key);
    co_return std::unexpected(recorded.error());
  }
  Reply reply = Reply::of({{"csrf_token", opened->csrf}, {"expires_at", to_rfc3339(opened->expires_at)}});
  reply.headers.add("Set-Cookie", call.core.auth.set_cookie(call.request, opened->cookie_value));
  co_return reply;
}

async::Task<Result<Reply>> log_out(RouteCall& call) {
  if (call.identity.proof != Identity::Proof::kCookie)
    co_return fail(ErrorCode::kInvalidArgument, "only a browser session can log out; revoke a token instead");
  PRYX_CO_TRY_VOID(co_await record(call, "login.ended", call.principal(), [&call](db::Connection& c) {
    return BrowserSessionStore::remove(c, call.identity.key);
  }));
  call.core.auth.browsers().end(call.identity.key);
  call.core.auth.end_all_with(call.identity.key);
  Reply reply = Reply::empty();
  reply.headers.add("Set-Cookie", call.core.auth.set_cookie(call.request, ""));
  co_return reply;
}

}  // namespace pryx::server::routes
