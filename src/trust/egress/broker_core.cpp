// SPDX-License-Identifier: MIT
#include "trust/egress/broker_core.h"

#include "foundation/base/log.h"
#include "foundation/net/own_addresses.h"

namespace pryx::egress {

BrokerCore::BrokerCore(async::RealEventLoop& l, net::HttpClient& c, RequestLog& r, BrokerOptions o)
    : loop(l),
      client(c),
      log(r),
      options(std::move(o)),
      rates(options.rates),
      resolver(l, options.dns_servers),
      hub(l),
      tasks(l, "egress") {
  if (!options.is_public) {
    options.is_public = [](const net::IpAddress& address) {
      return net::is_public(address) && !net::is_own_address(address);
    };
  }
}

async::Task<Result<RequestRecord>> BrokerCore::admit(Sender sender, std::shared_ptr<const HostRules> rules,
                                                     net::Url url, std::string method) {
  if (stopping) co_return fail(ErrorCode::kCancelled, "the daemon is stopping");
  RequestRecord record;
  record.principal = sender.principal.id;
  record.session = sender.session;
  record.turn = sender.turn;
  record.step = sender.step;
  record.tool = sender.tool;
  record.method = std::move(method);
  record.scheme = record.method == "CONNECT" ? "tunnel" : url.is_https ? "https" : "http";
  record.host = url.host.name;
  record.port = url.port;
  record.state = "open";
  std::optional<Error> refusal;
  bool is_recorded = true;
  if (!rules->permits(url.host, url.port)) {
    refusal =
        Error{ErrorCode::kDenied,
              fmt::format("{} is not on the list of this call (allowed: {}); ask for that address itself",
                          url.origin(), rules->describe()),
              -1};
  } else if (const auto full = rates.take(record.principal.str(), record.host, now())) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(full->wait).count() + 1;
    is_recorded = full->is_first;  // a flood of refusals must not become a flood of commits
    refusal = Error{ErrorCode::kOverloaded,
                    fmt::format("too many requests to {}; try again in {}", url.host.name,
                                format_duration(std::chrono::milliseconds(ms))),
                    ms};
  }
  if (refusal) {
    record.state = "denied";
    record.reason = refusal->code == ErrorCode::kDenied ? "not on the list of the call" : "too many requests";
    if (is_recorded) {
      const auto recorded = co_await log.begin(record);
      if (!recorded) pryx::log::warn("egress.not_recorded", {{"error", recorded.error().message}});
    }
    co_return fail(std::move(*refusal));
  }
  PRYX_CO_TRY(record.number, co_await log.begin(record));
  co_return record;
}

std::function<bool(const net::IpAddress&)> BrokerCore::peer_rule(std::shared_ptr<const HostRules> rules,
                                                                 const net::Url& url) const {
  return [rules = std::move(rules), host = url.host, port = url.port, is_public = options.is_public,
          is_own_service = options.is_own_service](const net::IpAddress& peer) {
    if (is_own_service && is_own_service(peer, port)) return false;
    return rules->permits_peer(host, port, peer, is_public(peer));
  };
}

async::Task<Result<void>> BrokerCore::finish(RequestRecord record, Result<void> outcome) {
  record.state = outcome ? "done" : outcome.error().code == ErrorCode::kDenied ? "denied" : "failed";
  if (!outcome) record.reason = facts(outcome.error().code).name;
  const auto recorded = co_await log.end(std::move(record));
  if (!recorded) pryx::log::error("egress.end_not_recorded", {{"error", recorded.error().message}});
  co_return recorded;
}

Error forbidden_peer(const net::Url& url) {
  return Error{
      ErrorCode::kDenied,
      url.host.address
          ? fmt::format("{} is an address of this machine or of Pryx itself that may not be called",
                        url.origin())
          : fmt::format("{} has only addresses of this machine or a private network; a name never opens "
                        "those, so ask for the address itself",
                        url.host.name),
      -1};
}

}  // namespace pryx::egress
