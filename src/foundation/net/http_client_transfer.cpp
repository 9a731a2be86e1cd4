// SPDX-License-Identifier: MIT
#include "foundation/net/http_client_transfer.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "foundation/base/text.h"

namespace pryx::net {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64u << 10;
// What may wait for a slow reader; beyond it the transfer is paused and TCP slows the sender down.
constexpr std::size_t kMaxBuffered = 256u << 10;

}  // namespace

Transfer::Transfer(std::shared_ptr<Lane> lane, Target target, ClientRequest request, std::string ca_file,
                   std::string user_agent)
    : lane_(std::move(lane)),
      target_(std::move(target)),
      request_(std::move(request)),
      ca_file_(std::move(ca_file)),
      user_agent_(std::move(user_agent)),
      changed_(lane_->loop()) {}

Transfer::~Transfer() { release(); }

// Leaving the multi handle in the middle of a transfer closes the connection (or resets the HTTP/2 stream):
// upstream sees it at once.
void Transfer::release() {
  if (easy_ == nullptr) return;
  lane_->remove(*this);
  lane_->give_back(std::exchange(easy_, nullptr));
  lane_->curl().slist_free_all(std::exchange(header_list_, nullptr));
  lane_->curl().slist_free_all(std::exchange(resolve_list_, nullptr));
  if (std::exchange(holds_addresses_, false)) lane_->release_addresses(target_);
}

Result<void> Transfer::begin(std::vector<IpAddress> addresses, Duration left) {
  easy_ = lane_->take_easy();
  if (easy_ == nullptr)
    return fail(ErrorCode::kOverloaded, "start a request to {}: out of memory", target_.origin);
  lane_->publish_addresses(target_, std::move(addresses), resolve_list_);
  holds_addresses_ = true;
  set_options(left);
  set_request_options();
  return lane_->add(*this);
}

void Transfer::set_options(Duration connect_limit) {
  const CurlLibrary& curl = lane_->curl();
  const auto set = [&](CURLoption option, auto value) { curl.easy_setopt(easy_, option, value); };
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(tls_detail_));
  set(CURLOPT_URL, target_.url.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, "");  // names of proxies would be resolved by libcurl
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file_.empty()) set(CURLOPT_CAINFO, ca_file_.c_str());
  set(CURLOPT_USERAGENT, user_agent_.c_str());
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  const auto connect_ms = std::chrono::duration_cast<std::chrono::milliseconds>(connect_limit).count();
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, connect_ms)));
  set(CURLOPT_RESOLVE, resolve_list_);
  if (!parse_ip(target_.host)) {
    // The address is in libcurl's cache already; should it ever miss, the transfer fails instead of starting
    // a resolver thread.
    set(CURLOPT_RESOLVER_START_FUNCTION, &Transfer::refuse_resolver);
  }
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

void Transfer::set_request_options() {
  const CurlLibrary& curl = lane_->curl();
  const auto set = [&](CURLoption option, auto value) { curl.easy_setopt(easy_, option, value); };
  const bool sends_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
                          request_.method == "PATCH";
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (sends_body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS,
        request_.body.c_str());  // not copied: request_ lives as long as the handle is ours
  }
  if (request_.method != "GET" || sends_body) set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  bool has_type = false;
  bool has_idempotency_key = false;
  for (const auto& [name, value] : request_.headers.all()) {
    header_list_ =
        curl.slist_append(header_list_, value.empty() ? (name + ";").c_str() : (name + ": " + value).c_str());
    has_type = has_type || equals_ignore_case(name, "Content-Type");
    has_idempotency_key = has_idempotency_key || equals_ignore_case(name, "Idempotency-Key");
  }
  header_list_ =
      curl.slist_append(header_list_, "Expect:");  // waiting for "100 Continue" costs up to a second
  if (sends_body && !has_type) header_list_ = curl.slist_append(header_list_, "Content-Type:");
  set(CURLOPT_HTTPHEADER, header_list_);
  // A kept connection that dies under a request makes libcurl send it a second time. That is right only for
  // requests that may be repeated.
  const bool repeatable = request_.method == "GET" || request_.method == "HEAD" ||
                          request_.method == "OPTIONS" || has_idempotency_key;
  if (!repeatable || request_.allow_peer) set(CURLOPT_FRESH_CONNECT, 1L);
  if (request_.allow_peer) set(CURLOPT_FORBID_REUSE, 1L);
}

int Transfer::refuse_resolver(void* /*resolver*/, void* /*reserved*/, void* /*self*/) { return 1; }

curl_socket_t Transfer::on_open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto peer = from_sockaddr(address->addr);
  if (!peer || !transfer.lane_->knows_address(transfer.target_, *peer)) return CURL_SOCKET_BAD;
  const ClientRequest& request = transfer.request_;
  const bool allowed =
      request.allow_peer ? request.allow_peer(*peer) : request.allow_private_addresses || is_public(*peer);
  if (!allowed) return CURL_SOCKET_BAD;
  const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
  if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
    transfer.failure_ =
        Error{ErrorCode::kOverloaded,
              fmt::format("connect to {}: {}", transfer.target_.origin, std::strerror(errno)), -1};
  }
  return fd;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  transfer.header_bytes_ += bytes;
  if (transfer.header_bytes_ > kMaxHeaderBytes) {
    // Not kTooLarge, which is of the request: this one has arrived.
    transfer.failure_ = Error{ErrorCode::kUnavailable,
                              fmt::format("request to {}: the response head is over {} bytes",
                                          transfer.target_.origin, kMaxHeaderBytes),
                              -1};
    return 0;
  }
  transfer.take_header_line(trim(std::string_view(data, bytes)));
  return bytes;
}

void Transfer::take_header_line(std::string_view line) {
  if (head_done_) return;  // trailers
  if (line.empty()) {
    if (status_ < 200) return;  // informational: the real head follows
    head_done_ = true;
    const char* peer = nullptr;
    if (lane_->curl().easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &peer) == CURLE_OK && peer != nullptr)
      peer_ = peer;
    changed_.wake_all();
    return;
  }
  if (line.starts_with("HTTP/")) {
    headers_ = Headers{};
    status_ = 0;
    const std::size_t space = line.find(' ');
    if (space != std::string_view::npos)
      std::from_chars(line.data() + space + 1, line.data() + line.size(), status_);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    headers_.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  if (transfer.buffer_.size() >= kMaxBuffered) {
    transfer.paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  if (bytes > transfer.request_.max_body_bytes - transfer.body_bytes_) {
    transfer.failure_ = Error{ErrorCode::kTooLarge,
                              fmt::format("request to {}: the response body is over {} bytes",
                                          transfer.target_.origin, transfer.request_.max_body_bytes),
                              -1};
    return 0;
  }
  transfer.body_bytes_ += bytes;
  transfer.buffer_.append(data, bytes);
  transfer.changed_.wake_all();
  return bytes;
}

void Transfer::finish(CURLcode code) {
  if (code == CURLE_OK && head_done_) {
    failure_.reset();  // of an address that could not be tried while another answered
    ended_ = true;
    changed_.wake_all();
    return;
  }
  // That one address got no socket says nothing of a request that another one got.
  if (failure_ && failure_->code == ErrorCode::kOverloaded && code != CURLE_COULDNT_CONNECT) failure_.reset();
  finish(failure_ ? std::move(*failure_) : describe(code));
}

void Transfer::finish(Error error) {
  failure_ = std::move(error);
  ended_ = true;
  changed_.wake_all();
}

Error Transfer::describe(CURLcode code) const {
  const std::string& at = target_.origin;
  const auto unavailable = [](std::string text) {
    return Error{ErrorCode::kUnavailable, std::move(text), -1};
  };
  const auto tls_failed = [&] {
    return fmt::format(
        "connect to {}: TLS failed: {}", at,
        tls_detail_[0] != 0 ? static_cast<const char*>(tls_detail_) : lane_->curl().easy_strerror(code));
  };
  if (head_done_)
    return unavailable(fmt::format("request to {}: the connection was cut in the middle of the answer", at));
  switch (code) {
    case CURLE_COULDNT_CONNECT: {
      long reason = 0;
      lane_->curl().easy_getinfo(easy_, CURLINFO_OS_ERRNO, &reason);
      return unavailable(
          fmt::format("connect to {}: {}; is the server running?", at,
                      reason != 0 ? std::strerror(static_cast<int>(reason)) : "no address of it answers"));
    }
    case CURLE_OPERATION_TIMEDOUT:
      // Nothing was sent yet: to be without a connection is not to be without an answer.
      return unavailable(fmt::format("connect to {}: no connection within {}", at,
                                     format_duration(request_.connect_timeout)));
    case CURLE_SSL_CONNECT_ERROR:
      return unavailable(tls_failed());  // also a handshake that was cut
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Error{ErrorCode::kCheckFailed, tls_failed(), -1};
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return unavailable(fmt::format("request to {}: the connection was closed before an answer came", at));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return Error{ErrorCode::kCheckFailed,
                   fmt::format("request to {}: what answers there is no HTTP server", at), -1};
    default:
      return unavailable(fmt::format("request to {}: {}", at, lane_->curl().easy_strerror(code)));
  }
}

async::Task<Result<void>> Transfer::wait_for_head() {
  const MonotonicTime end = lane_->loop().clock().monotonic() + request_.head_timeout;
  while (!head_done_ && !ended_) {
    const async::WaitEnd reason = co_await changed_.wait_for(end - lane_->loop().clock().monotonic());
    if (reason == async::WaitEnd::kWoken) continue;
    release();
    if (reason == async::WaitEnd::kCancelled)
      co_return fail(ErrorCode::kCancelled, "request to {}: cancelled", target_.origin);
    co_return fail(ErrorCode::kTimeout, "request to {}: no answer within {}", target_.origin,
                   format_duration(request_.head_timeout));
  }
  if (!head_done_) co_return fail(*failure_);
  co_return Result<void>{};
}

async::Task<Result<std::optional<std::string>>> Transfer::read(Duration idle_limit) {
  for (;;) {
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) {
      release();
      co_return fail(ErrorCode::kCancelled, "request to {}: cancelled", target_.origin);
    }
    if (!buffer_.empty()) {
      std::string piece = std::exchange(buffer_, {});
      if (std::exchange(paused_, false) && !ended_) lane_->curl().easy_pause(easy_, CURLPAUSE_CONT);
      co_return std::optional(std::move(piece));
    }
    if (ended_) {
      if (failure_) co_return fail(*failure_);
      co_return std::optional<std::string>{};
    }
    const async::WaitEnd reason = co_await changed_.wait_for(idle_limit);
    if (reason == async::WaitEnd::kTimeout) {
      release();
      finish(Error{ErrorCode::kTimeout,
                   fmt::format("request to {}: silent for {}", target_.origin, format_duration(idle_limit)),
                   -1});
    }
  }
}

}  // namespace pryx::net
