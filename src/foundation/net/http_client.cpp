// SPDX-License-Identifier: MIT
#include "foundation/net/http_client.h"

#include <algorithm>
#include <array>

#include "foundation/base/text.h"
#include "foundation/net/dns_resolver.h"
#include "foundation/net/http_client_transfer.h"

namespace pryx::net {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOther.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F); });
}

// One part of a parsed URL as a string; nullopt when it is absent.
std::optional<std::string> url_part(const CurlLibrary& curl, CURLU* url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (curl.url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) return std::nullopt;
  std::string out(text);
  curl.free(text);
  return out;
}

class CurlHttpClient final : public HttpClient {
 public:
  CurlHttpClient(async::RealEventLoop& loop, ClientOptions options)
      : loop_(loop),
        options_(std::move(options)),
        resolver_(loop, options_.dns_servers),
        all_returned_(loop) {}
  ~CurlHttpClient() override {
    for (const auto& lane : lanes_) {
      if (lane) lane->shut_down();
    }
  }
  CurlHttpClient(const CurlHttpClient&) = delete;
  CurlHttpClient& operator=(const CurlHttpClient&) = delete;

  async::Task<Result<std::unique_ptr<ClientResponse>>> start(ClientRequest request) override {
    ++starting_;
    auto response = co_await start_counted(std::move(request));
    if (--starting_ == 0) all_returned_.wake_all();
    co_return response;
  }

  async::Task<void> stop() override {
    stopping_ = true;
    resolver_.stop();
    for (const auto& lane : lanes_) {
      if (lane) lane->shut_down();
    }
    while (starting_ > 0) co_await all_returned_.wait_uncancellable();
  }

 private:
  async::Task<Result<std::unique_ptr<ClientResponse>>> start_counted(ClientRequest request) {
    if (stopping_) co_return fail(ErrorCode::kCancelled, "the HTTP client stopped");
    PRYX_CO_TRY(const CurlLibrary* const curl, load_curl());
    PRYX_CO_TRY_VOID(check_request(request));
    PRYX_CO_TRY(Target target, parse_target(*curl, request.url));
    if (!request.expected_origin.empty() && target.origin != request.expected_origin)
      co_return fail(ErrorCode::kForbidden,
                     "request to {}: this URL can be read in two ways; write it plainly",
                     request.expected_origin);
    const MonotonicTime begun = loop_.clock().monotonic();
    PRYX_CO_TRY(auto addresses, co_await resolver_.resolve(target.host, request.connect_timeout));
    if (stopping_) co_return fail(ErrorCode::kCancelled, "the HTTP client stopped");
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return fail(ErrorCode::kCancelled, "request to {}: cancelled", target.origin);
    if (request.allow_peer || !request.allow_private_addresses) {
      std::erase_if(addresses, [&](const IpAddress& address) {
        return request.allow_peer ? !request.allow_peer(address) : !is_public(address);
      });
      if (addresses.empty()) {
        co_return fail(ErrorCode::kForbidden,
                       "request to {}: it has only addresses of this machine or a private network, which "
                       "this request may not reach",
                       target.origin);
      }
    }
    const Duration left = request.connect_timeout - (loop_.clock().monotonic() - begun);
    auto transfer = std::make_unique<Transfer>(lane_for(*curl, request), std::move(target),
                                               std::move(request), options_.ca_file, options_.user_agent);
    PRYX_CO_TRY_VOID(transfer->begin(std::move(addresses), left));
    PRYX_CO_TRY_VOID(co_await transfer->wait_for_head());
    co_return std::unique_ptr<ClientResponse>(std::move(transfer));
  }

  std::shared_ptr<Lane> lane_for(const CurlLibrary& curl, const ClientRequest& request) {
    auto& lane = lanes_.at(request.allow_peer ? 2 : request.allow_private_addresses ? 0 : 1);
    if (!lane || !lane->is_usable())
      lane = std::make_shared<Lane>(loop_, curl, options_.max_connections_per_host);
    return lane;
  }

  async::RealEventLoop& loop_;
  ClientOptions options_;
  DnsResolver resolver_;
  std::array<std::shared_ptr<Lane>, 3> lanes_;
  std::size_t starting_ = 0;
  bool stopping_ = false;
  async::WaitList all_returned_;
};

}  // namespace

Result<void> check_request(const ClientRequest& request) {
  if (!is_token(request.method))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no HTTP method",
                to_valid_utf8(request.method.substr(0, 32)));
  for (const auto& [name, value] : request.headers.all()) {
    if (!is_token(name))
      return fail(ErrorCode::kInvalidArgument, "'{}' is no HTTP field name",
                  to_valid_utf8(name.substr(0, 64)));
    if (!is_field_value(value))
      return fail(ErrorCode::kInvalidArgument, "the HTTP field {} holds a line end or control character",
                  name);
  }
  return {};
}

Result<Target> parse_target(const CurlLibrary& curl, const std::string& url) {
  const std::unique_ptr<CURLU, decltype(curl.url_cleanup)> parsed(curl.url(), curl.url_cleanup);
  // Neither error text repeats the URL: it may carry credentials.
  if (url.find('\0') != std::string::npos ||
      curl.url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return fail(
        ErrorCode::kInvalidArgument,
        "this is no valid URL; write it like https://host/path, with special characters percent-encoded");
  }
  const std::string scheme = url_part(curl, parsed.get(), CURLUPART_SCHEME, 0).value_or("");
  if (scheme != "http" && scheme != "https")
    return fail(ErrorCode::kInvalidArgument, "a URL must begin with http:// or https://");
  auto host = url_part(curl, parsed.get(), CURLUPART_HOST, 0);
  if (host && std::ranges::any_of(*host, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    host = url_part(curl, parsed.get(), CURLUPART_HOST, CURLU_PUNYCODE);
  }
  if (url_part(curl, parsed.get(), CURLUPART_ZONEID, 0))
    return fail(ErrorCode::kInvalidArgument,
                "addresses with a zone cannot be called; use the address without it or a name");
  if (!host || host->empty()) return fail(ErrorCode::kInvalidArgument, "the URL names no valid host");
  if (host->ends_with('.')) host->pop_back();
  curl.url_set(parsed.get(), CURLUPART_HOST, host->c_str(), 0);
  const auto port = url_part(curl, parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  const auto whole = url_part(curl, parsed.get(), CURLUPART_URL, 0);
  if (!port || !whole) return fail(ErrorCode::kInvalidArgument, "the URL names no valid host or port");
  Target target{*whole, lower_ascii(*host), *port, lower_ascii(*host) + ":" + *port};
  if (target.host.starts_with('[')) {
    target.host = target.host.substr(1, target.host.size() - 2);
    if (!parse_ip(target.host))
      return fail(ErrorCode::kInvalidArgument, "'{}' is no address that can be called", target.host);
  }
  return target;
}

std::unique_ptr<HttpClient> make_http_client(async::RealEventLoop& loop, ClientOptions options) {
  return std::make_unique<CurlHttpClient>(loop, std::move(options));
}

}  // namespace pryx::net
