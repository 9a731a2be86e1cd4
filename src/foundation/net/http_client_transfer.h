// SPDX-License-Identifier: MIT
// The inside of the HTTP client, for http_client*.cpp only. A Lane is one libcurl multi handle on the loop
// with its connection cache; a Transfer is one request in a lane. Lanes outlive the client object as long as
// transfers hold them. I/O thread only.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "foundation/async/wait_list.h"
#include "foundation/net/address_rules.h"
#include "foundation/net/curl_library.h"
#include "foundation/net/http_client.h"
#include "foundation/net/poll_set.h"

namespace pryx::net {

// Where a request goes, as libcurl itself parses the URL, so that there is one reading of it.
struct Target {
  std::string url;
  std::string host;  // without brackets, ASCII
  std::string port;
  std::string origin;  // "host:port" for error texts: no path, no query, no credentials
};
[[nodiscard]] Result<Target> parse_target(const CurlLibrary& curl, const std::string& url);
// Method and fields hold no separators, line ends or NUL.
[[nodiscard]] Result<void> check_request(const ClientRequest& request);

class Transfer;

enum class PeerRule : std::uint8_t { kAnyAddress, kPublicOnly };

// Requests that may reach private addresses and those that may not never share a lane: a cached connection of
// the first kind would let the second kind through without a check.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  Lane(async::RealEventLoop& loop, const CurlLibrary& curl, std::size_t max_connections_per_host);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  [[nodiscard]] bool is_usable() const { return multi_ != nullptr && polled_->is_open(); }
  [[nodiscard]] Result<void> add(Transfer& transfer);
  void remove(Transfer& transfer);  // fine for transfers that already ended
  void shut_down();                 // ends every transfer with kCancelled

  [[nodiscard]] CURL* take_easy();
  void give_back(CURL* easy);
  // What CURLOPT_RESOLVE gets for this host; names that no transfer uses are dropped from libcurl's cache
  // along the way.
  void publish_addresses(const Target& target, std::vector<IpAddress> addresses, curl_slist*& list);
  void release_addresses(const Target& target);
  [[nodiscard]] bool knows_address(const Target& target, const IpAddress& address) const;

  [[nodiscard]] const CurlLibrary& curl() const { return curl_; }
  [[nodiscard]] async::RealEventLoop& loop() { return loop_; }

 private:
  struct Host {
    std::vector<IpAddress> addresses;
    std::size_t transfers = 0;
  };
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void drive(curl_socket_t fd, int events);
  void collect_finished();

  async::RealEventLoop& loop_;
  const CurlLibrary& curl_;
  std::unique_ptr<PollSet> polled_;
  CURLM* multi_ = nullptr;
  async::EventLoop::TimerId timer_ = 0;
  bool kick_posted_ = false;
  std::unordered_set<Transfer*> running_;
  std::unordered_map<std::string, Host> hosts_;  // by origin
  std::vector<CURL*> spare_;
};

class Transfer final : public ClientResponse {
 public:
  Transfer(std::shared_ptr<Lane> lane, Target target, ClientRequest request, std::string ca_file,
           std::string user_agent);
  ~Transfer() override;

  // `left` is what DNS left of the connect time-out.
  [[nodiscard]] Result<void> begin(std::vector<IpAddress> addresses, Duration left);
  [[nodiscard]] async::Task<Result<void>> wait_for_head();

  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] const Headers& headers() const override { return headers_; }
  [[nodiscard]] std::string peer() const override { return peer_; }
  [[nodiscard]] async::Task<Result<std::optional<std::string>>> read(Duration idle_limit) override;

  void finish(CURLcode code);
  void finish(Error error);
  [[nodiscard]] CURL* easy() const { return easy_; }

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int refuse_resolver(void* resolver, void* reserved, void* self);
  void take_header_line(std::string_view line);
  void set_options(Duration connect_limit);
  void set_request_options();
  void release();
  [[nodiscard]] Error describe(CURLcode code) const;

  std::shared_ptr<Lane> lane_;
  Target target_;
  ClientRequest request_;
  std::string ca_file_;
  std::string user_agent_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  curl_slist* resolve_list_ = nullptr;
  bool holds_addresses_ = false;
  char tls_detail_[CURL_ERROR_SIZE] = {};

  async::WaitList changed_;
  int status_ = 0;
  std::string peer_;
  Headers headers_;
  std::size_t header_bytes_ = 0;
  bool head_done_ = false;
  bool ended_ = false;
  bool paused_ = false;
  std::optional<Error> failure_;
  std::string buffer_;
  std::size_t body_bytes_ = 0;
};

}  // namespace pryx::net
