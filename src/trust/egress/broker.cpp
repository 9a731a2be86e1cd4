// SPDX-License-Identifier: MIT
#include "trust/egress/broker.h"

#include <algorithm>

#include "foundation/base/text.h"
#include "foundation/net/address_rules.h"
#include "trust/egress/broker_core.h"

namespace pryx::egress {
namespace {

constexpr Duration kConnectLimit = std::chrono::seconds(10);

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The client writes these itself, or they would let one connection carry a second request.
bool is_reserved_field(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "host",    "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te",
      "trailer", "expect",         "proxy-connection"};
  return lower_ascii(name).starts_with("proxy-") ||
         std::ranges::any_of(kNames, [&](std::string_view n) { return equals_ignore_case(n, name); });
}

// Meant for the host that they were written for and nobody else.
bool is_credential(std::string_view name) {
  constexpr std::string_view kNames[] = {"authorization", "cookie", "cookie2", "www-authenticate"};
  const std::string lower = lower_ascii(name);
  return std::ranges::find(kNames, lower) != std::end(kNames) || lower.find("token") != std::string::npos ||
         lower.find("key") != std::string::npos || lower.find("secret") != std::string::npos ||
         lower.find("auth") != std::string::npos;
}

struct Sending {
  std::string method;
  net::Url url;
  net::Headers headers;
  std::string body;
};

net::Headers without(const net::Headers& headers, bool (*drop)(std::string_view)) {
  net::Headers out;
  for (const auto& [name, value] : headers.all()) {
    if (!drop(name)) out.add(name, value);
  }
  return out;
}
bool describes_body(std::string_view name) { return lower_ascii(name).starts_with("content-"); }

std::int64_t size_of(const Sending& sending) {
  std::size_t bytes = sending.method.size() + sending.url.target.size() + sending.body.size();
  for (const auto& [name, value] : sending.headers.all()) bytes += name.size() + value.size() + 4;
  return static_cast<std::int64_t>(bytes);
}

// RFC 9110 15.4 and what browsers do: 303, and 301 or 302 after POST, go on as GET.
Result<Sending> follow(const Sending& from, int status, std::string_view location) {
  auto url = net::resolve_reference(from.url, location);
  if (!url)
    return fail(ErrorCode::kDenied, "{} redirects to an address that cannot be called: {}", from.url.origin(),
                url.error().message);
  if (from.url.is_https && !url->is_https)
    return fail(ErrorCode::kDenied, "{} redirects from https to http ({}), which gives the protection away",
                from.url.origin(), url->origin());
  Sending next{from.method, std::move(*url), from.headers, from.body};
  const bool becomes_get = (status == 303 && from.method != "HEAD" && from.method != "GET") ||
                           ((status == 301 || status == 302) && from.method == "POST");
  if (becomes_get) {
    next.method = "GET";
    next.body.clear();
    next.headers = without(next.headers, describes_body);
  }
  const bool same_place = next.url.host == from.url.host && next.url.port == from.url.port;
  const bool upgraded = next.url.host == from.url.host && from.url.port == 80 && next.url.port == 443;
  if (!same_place && !upgraded) next.headers = without(next.headers, is_credential);
  return next;
}

class RealBroker final : public Broker {
 public:
  RealBroker(async::RealEventLoop& loop, net::HttpClient& client, RequestLog& log, BrokerOptions options)
      : core_(std::make_shared<BrokerCore>(loop, client, log, std::move(options))) {}

  async::Task<Result<FetchResponse>> fetch(Sender sender, FetchRequest request) override {
    PRYX_CO_TRY(auto parsed, HostRules::parse(request.allowed));
    const auto rules = std::make_shared<const HostRules>(std::move(parsed));
    Sending sending{std::move(request.method), {}, std::move(request.headers), std::move(request.body)};
    PRYX_CO_TRY(sending.url, net::parse_url(request.url));
    PRYX_CO_TRY_VOID(check(sending, request.limits));
    const MonotonicTime end = core_->now() + request.limits.time;
    FetchResponse out;
    for (;;) {
      const std::string from = sending.url.origin();
      auto admitted = co_await core_->admit(sender, rules, sending.url, sending.method);
      // What has answered before has had its effect, whatever keeps the next request from being sent.
      if (!admitted && !out.hops.empty()) co_return not_followed(std::move(out), sending, admitted.error());
      if (!admitted) co_return std::unexpected(admitted.error());
      auto answer = co_await one_hop(std::move(*admitted), rules, sending, request.limits, end, out.hops);
      if (!answer && !out.hops.empty() && says_nothing_was_sent(answer.error().code))
        co_return not_followed(std::move(out), sending, answer.error());
      if (!answer) co_return std::unexpected(answer.error());
      out.status = answer->status;
      out.headers = std::move(answer->headers);
      out.body = std::move(answer->body);
      out.truncated = answer->truncated;
      const auto location = out.headers.find("Location");
      if (!is_redirect(out.status) || !location || request.limits.redirects == 0) co_return out;
      if (static_cast<int>(out.hops.size()) > request.limits.redirects)
        co_return fail(ErrorCode::kUnavailable, "{} redirects more than {} times", from,
                       request.limits.redirects);
      auto next = follow(sending, out.status, *location);
      if (!next) {
        out.refused_redirect = next.error().message;
        co_return out;
      }
      sending = std::move(*next);
    }
  }

  Result<std::unique_ptr<ProxySocket>> open_proxy(Sender sender, AllowList allowed, Limits limits) override {
    PRYX_TRY(HostRules rules, HostRules::parse(allowed));
    return open_proxy_socket(core_, std::move(sender), std::move(rules), limits);
  }

  async::Task<void> stop() override {
    core_->stopping = true;
    core_->resolver.stop();
    co_await core_->tasks.stop();
  }

 private:
  static Result<void> check(const Sending& sending, const Limits& limits) {
    if (sending.body.size() > limits.request_bytes)
      return fail(ErrorCode::kTooLarge, "the request body is over {} bytes", limits.request_bytes);
    if (equals_ignore_case(sending.method, "CONNECT") || equals_ignore_case(sending.method, "TRACE"))
      return fail(ErrorCode::kInvalidArgument, "the method {} is not sent from here", sending.method);
    for (const auto& [name, value] : sending.headers.all()) {
      if (is_reserved_field(name))
        return fail(ErrorCode::kInvalidArgument, "the HTTP field {} is written by Pryx; leave it out",
                    to_valid_utf8(utf8_prefix(name, 64)));
    }
    return {};
  }

  static FetchResponse not_followed(FetchResponse answer, const Sending& next, const Error& problem) {
    answer.refused_redirect =
        fmt::format("it redirects to {}, where nothing was sent: {}", next.url.text(), problem.message);
    return answer;
  }

  async::Task<Result<FetchResponse>> one_hop(RequestRecord record, std::shared_ptr<const HostRules> rules,
                                             Sending sending, Limits limits, MonotonicTime end,
                                             std::vector<Hop>& hops) {
    record.bytes_out = size_of(sending);
    auto answer = co_await exchange(std::move(rules), sending, limits, end, record);
    Result<void> outcome;
    if (!answer) outcome = std::unexpected(answer.error());
    const auto recorded = co_await core_->finish(record, outcome);
    if (!answer) co_return std::unexpected(answer.error());
    if (!recorded) co_return std::unexpected(recorded.error());
    const auto peer = net::parse_ip(record.peer);
    hops.push_back({.url = sending.url.text(),
                    .status = answer->status,
                    .peer = record.peer,
                    .is_near = !peer || !core_->options.is_public(*peer)});
    co_return answer;
  }

  async::Task<Result<FetchResponse>> exchange(std::shared_ptr<const HostRules> rules, const Sending& sending,
                                              Limits limits, MonotonicTime end, RequestRecord& record) {
    net::ClientRequest request;
    request.method = sending.method;
    request.url = sending.url.text();
    request.headers = sending.headers;
    request.body = sending.body;
    request.expected_origin = sending.url.origin();
    request.allow_peer = core_->peer_rule(std::move(rules), sending.url);
    const Duration left = end - core_->now();
    if (left <= Duration::zero()) co_return late(sending, limits);
    request.connect_timeout = std::min<Duration>(kConnectLimit, left);
    request.head_timeout = left;
    request.max_body_bytes = SIZE_MAX;  // what is too long is cut here, not refused
    auto started = co_await core_->client.start(std::move(request));
    if (!started && started.error().code == ErrorCode::kForbidden)
      co_return fail(forbidden_peer(sending.url));
    if (!started) co_return std::unexpected(started.error());
    const auto response = std::move(*started);
    record.peer = response->peer();
    record.status = response->status();
    FetchResponse out;
    out.status = response->status();
    out.headers = response->headers();
    for (;;) {
      const Duration rest = end - core_->now();
      if (rest <= Duration::zero()) co_return late(sending, limits);
      PRYX_CO_TRY(auto piece, co_await response->read(rest));
      if (!piece) break;
      record.bytes_in += static_cast<std::int64_t>(piece->size());
      out.body += *piece;
      if (out.body.size() > limits.response_bytes) {
        out.body.resize(limits.response_bytes);
        out.truncated = true;
        break;
      }
    }
    co_return out;
  }

  static std::unexpected<Error> late(const Sending& sending, const Limits& limits) {
    return fail(ErrorCode::kTimeout, "request to {}: not done within {}", sending.url.origin(),
                format_duration(limits.time));
  }

  std::shared_ptr<BrokerCore> core_;
};

}  // namespace

// kStorage is not among them: the end of a request that was sent may be what could not be recorded.
bool says_nothing_was_sent(ErrorCode code) {
  return code == ErrorCode::kDenied || code == ErrorCode::kOverloaded ||
         code == ErrorCode::kInvalidArgument || code == ErrorCode::kTooLarge;
}

std::unique_ptr<Broker> make_broker(async::RealEventLoop& loop, net::HttpClient& client, RequestLog& log,
                                    BrokerOptions options) {
  return std::make_unique<RealBroker>(loop, client, log, std::move(options));
}

}  // namespace pryx::egress
