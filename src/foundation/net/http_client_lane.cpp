// SPDX-License-Identifier: MIT
#include "foundation/net/http_client_transfer.h"

#include <algorithm>

namespace pryx::net {
namespace {
constexpr std::size_t kSpareHandles = 32;  // an easy handle keeps about 5 KiB
constexpr long kIdleConnections = 64;
constexpr std::size_t kRememberedHosts = 256;
}  // namespace

Lane::Lane(async::RealEventLoop& loop, const CurlLibrary& curl, std::size_t max_connections_per_host)
    : loop_(loop), curl_(curl) {
  polled_ = std::make_unique<PollSet>(
      loop,
      [this](PollSet::Ready ready) {
        drive(ready.fd, (ready.readable ? CURL_CSELECT_IN : 0) | (ready.writable ? CURL_CSELECT_OUT : 0) |
                            (ready.failed ? CURL_CSELECT_ERR : 0));
      },
      [this] { collect_finished(); });
  multi_ = curl_.multi_init();
  if (multi_ == nullptr) return;
  curl_.multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Lane::on_socket);
  curl_.multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_.multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Lane::on_timer);
  curl_.multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_.multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(max_connections_per_host));
  curl_.multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
}

Lane::~Lane() {
  shut_down();
  for (CURL* easy : spare_) curl_.easy_cleanup(easy);
}

void Lane::shut_down() {
  const auto transfers = running_;
  for (Transfer* transfer : transfers) {
    remove(*transfer);
    transfer->finish(Error{ErrorCode::kCancelled, "the HTTP client stopped", -1});
  }
  if (multi_ == nullptr) return;
  curl_.multi_cleanup(multi_);
  multi_ = nullptr;
  if (timer_ != 0) loop_.cancel_timer(timer_);
  timer_ = 0;
  polled_.reset();
}

CURL* Lane::take_easy() {
  if (spare_.empty()) return curl_.easy_init();
  CURL* easy = spare_.back();
  spare_.pop_back();
  return easy;
}

void Lane::give_back(CURL* easy) {
  if (multi_ == nullptr || spare_.size() >= kSpareHandles) {
    curl_.easy_cleanup(easy);
    return;
  }
  curl_.easy_reset(easy);
  spare_.push_back(easy);
}

Result<void> Lane::add(Transfer& transfer) {
  if (multi_ == nullptr) return fail(ErrorCode::kCancelled, "the HTTP client stopped");
  if (!is_usable()) return fail(ErrorCode::kOverloaded, "start a request: too many open files");
  const CURLMcode code = curl_.multi_add_handle(multi_, transfer.easy());
  if (code != CURLM_OK) return fail(ErrorCode::kInternal, "libcurl: {}", curl_.multi_strerror(code));
  running_.insert(&transfer);
  return {};
}

void Lane::remove(Transfer& transfer) {
  if (running_.erase(&transfer) == 0) return;
  curl_.multi_remove_handle(multi_, transfer.easy());
}

int Lane::on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* self, void* /*socket*/) {
  auto& lane = *static_cast<Lane*>(self);
  if (!lane.polled_) return 0;
  lane.polled_->watch(fd, what == CURL_POLL_IN || what == CURL_POLL_INOUT,
                      what == CURL_POLL_OUT || what == CURL_POLL_INOUT);
  return 0;
}

// libcurl forbids calling back into it from here, so even "at once" goes through the loop.
int Lane::on_timer(CURLM* /*multi*/, long timeout_ms, void* self) {
  auto& lane = *static_cast<Lane*>(self);
  if (lane.timer_ != 0) lane.loop_.cancel_timer(lane.timer_);
  lane.timer_ = 0;
  if (timeout_ms < 0 || lane.multi_ == nullptr) return 0;
  if (timeout_ms == 0) {
    if (lane.kick_posted_) return 0;
    lane.kick_posted_ = true;
    lane.loop_.post([weak = lane.weak_from_this()] {
      const auto strong = weak.lock();
      if (!strong) return;
      strong->kick_posted_ = false;
      strong->drive(CURL_SOCKET_TIMEOUT, 0);
      strong->collect_finished();
    });
    return 0;
  }
  lane.timer_ = lane.loop_.call_after(std::chrono::milliseconds(timeout_ms), [weak = lane.weak_from_this()] {
    const auto strong = weak.lock();
    if (!strong) return;
    strong->timer_ = 0;
    strong->drive(CURL_SOCKET_TIMEOUT, 0);
    strong->collect_finished();
  });
  return 0;
}

void Lane::drive(curl_socket_t fd, int events) {
  if (multi_ == nullptr) return;
  int still_running = 0;
  curl_.multi_socket_action(multi_, fd, events, &still_running);
}

void Lane::collect_finished() {
  if (multi_ == nullptr) return;
  int left = 0;
  while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    void* owner = nullptr;
    curl_.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    auto* transfer = static_cast<Transfer*>(owner);
    // The reading side may look at the handle's facts, so it is told before the handle leaves.
    transfer->finish(code);
    remove(*transfer);
  }
}

void Lane::publish_addresses(const Target& target, std::vector<IpAddress> addresses, curl_slist*& list) {
  if (hosts_.size() >= kRememberedHosts) {
    for (auto entry = hosts_.begin(); entry != hosts_.end();) {
      if (entry->second.transfers > 0 || entry->first == target.origin) {
        ++entry;
        continue;
      }
      if (!entry->first.starts_with('[')) list = curl_.slist_append(list, ("-" + entry->first).c_str());
      entry = hosts_.erase(entry);
    }
  }
  if (!parse_ip(target.host)) {
    std::string line = target.origin;
    char separator = ':';
    for (const IpAddress& address : addresses) {
      line += separator;
      line += address.is_v6 ? "[" + to_text(address) + "]" : to_text(address);
      separator = ',';
    }
    list = curl_.slist_append(list, line.c_str());
  }
  Host& host = hosts_[target.origin];
  host.addresses = std::move(addresses);
  ++host.transfers;
}

void Lane::release_addresses(const Target& target) {
  const auto found = hosts_.find(target.origin);
  if (found != hosts_.end() && found->second.transfers > 0) --found->second.transfers;
}

bool Lane::knows_address(const Target& target, const IpAddress& address) const {
  const auto found = hosts_.find(target.origin);
  return found != hosts_.end() &&
         std::ranges::find(found->second.addresses, address) != found->second.addresses.end();
}

}  // namespace pryx::net
