// SPDX-License-Identifier: MIT
#include "foundation/net/dns_resolver.h"

#include <ares.h>
#include <netdb.h>
#include <sys/stat.h>

#include <algorithm>
#include <unordered_map>

#include "foundation/async/wait_list.h"
#include "foundation/base/text.h"
#include "foundation/net/poll_set.h"

namespace pryx::net {
namespace {

using Answer = Result<std::vector<IpAddress>>;

constexpr int kFirstTryMs =
    1500;  // c-ares doubles it; a lost packet costs little, a slow resolver still gets three tries
constexpr int kTries = 3;
constexpr std::size_t kMaxCached = 256;
constexpr Duration kLongestCached = std::chrono::seconds(60);

struct CachedAnswer {
  std::vector<IpAddress> addresses;
  MonotonicTime until;
};

Answer describe_failure(std::string_view host, int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
      return fail(ErrorCode::kUnavailable, "resolve {}: no such host; check the name", host);
    case ARES_ETIMEOUT:
    case ARES_ECONNREFUSED:
      return fail(ErrorCode::kUnavailable, "resolve {}: no DNS server answers; check the network", host);
    case ARES_EBADNAME:
      return fail(ErrorCode::kInvalidArgument, "resolve {}: this is no valid host name", host);
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return fail(ErrorCode::kCancelled, "resolve {}: cancelled", host);
    default:
      return fail(ErrorCode::kUnavailable, "resolve {}: {}", host, ares_strerror(status));
  }
}

// What of resolv.conf tells that it was replaced: laptops change networks while the daemon runs.
std::pair<std::int64_t, std::uint64_t> resolv_conf_stamp() {
  struct stat info{};
  if (stat("/etc/resolv.conf", &info) != 0) return {};
  return {std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec, info.st_ino};
}

// One c-ares channel on the loop.
class Channel {
 public:
  Channel(async::RealEventLoop& loop, const std::string& servers)
      : loop_(loop), polled_(loop, [this](PollSet::Ready ready) { process(ready); }, [this] { rearm(); }) {
    ares_library_init(ARES_LIB_INIT_ALL);
    char lookups[] = "fb";
    ares_options options{};
    options.timeout = kFirstTryMs;
    options.tries = kTries;
    options.lookups = lookups;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int read, int write) {
      static_cast<Channel*>(self)->polled_.watch(fd, read != 0, write != 0);
    };
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) channel_ = nullptr;
    if (channel_ != nullptr && !servers.empty()) ares_set_servers_ports_csv(channel_, servers.c_str());
  }
  ~Channel() {
    if (timer_ != 0) loop_.cancel_timer(timer_);
    if (channel_ != nullptr) ares_destroy(channel_);
    ares_library_cleanup();
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] bool is_usable() const { return channel_ != nullptr && polled_.is_open(); }
  [[nodiscard]] const auto& made_for() const { return made_for_; }

  void ask(const std::string& host, ares_addrinfo_callback callback, void* argument) {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, callback, argument);
    rearm();
  }

 private:
  void process(PollSet::Ready ready) {
    const bool read = ready.readable || ready.failed;
    const bool write = ready.writable || ready.failed;
    ares_process_fd(channel_, read ? ready.fd : ARES_SOCKET_BAD, write ? ready.fd : ARES_SOCKET_BAD);
  }
  void rearm() {
    if (timer_ != 0) loop_.cancel_timer(timer_);
    timer_ = 0;
    timeval buffer{};
    const timeval* next = ares_timeout(channel_, nullptr, &buffer);
    if (next == nullptr) return;
    timer_ = loop_.call_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec) +
                                  std::chrono::milliseconds(1),
                              [this] {
                                timer_ = 0;
                                ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
                                rearm();
                              });
  }

  async::RealEventLoop& loop_;
  std::pair<std::int64_t, std::uint64_t> made_for_ = resolv_conf_stamp();
  async::EventLoop::TimerId timer_ = 0;
  ares_channel channel_ = nullptr;
  PollSet polled_;
};

}  // namespace

struct DnsResolver::State : std::enable_shared_from_this<State> {
  using Question = async::OneShot<Answer>;
  // What c-ares hands back; it owns the channel's share so that a replaced channel lives until its last
  // answer.
  struct Pending {
    std::weak_ptr<State> state;
    std::string host;
    std::shared_ptr<Question> question;
  };

  State(async::RealEventLoop& l, std::string s) : loop(l), servers(std::move(s)) {}

  async::RealEventLoop& loop;
  std::string servers;
  std::unique_ptr<Channel> channel;
  std::unordered_map<std::string, std::shared_ptr<Question>> open;
  std::unordered_map<std::string, CachedAnswer> cached;
  bool stopped = false;

  void renew_channel_if_idle() {
    if (channel && !channel->is_usable()) channel.reset();
    if (channel && open.empty() && servers.empty() && channel->made_for() != resolv_conf_stamp())
      channel.reset();
    if (!channel) channel = std::make_unique<Channel>(loop, servers);
  }

  std::shared_ptr<Question> ask(const std::string& host) {
    if (const auto found = open.find(host); found != open.end()) return found->second;
    auto question = std::make_shared<Question>(loop);
    renew_channel_if_idle();
    if (!channel->is_usable()) {
      question->set(fail(ErrorCode::kUnavailable,
                         "resolve {}: the resolver cannot start; are there too many open files?", host));
      return question;
    }
    open.emplace(host, question);
    // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): c-ares calls back exactly once, which takes it again.
    auto* pending = new Pending{weak_from_this(), host, question};
    channel->ask(host, &State::on_answer, pending);
    return question;
  }

  static void on_answer(void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(argument));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> info(result, &ares_freeaddrinfo);
    std::vector<IpAddress> addresses;
    std::int64_t ttl = std::chrono::duration_cast<std::chrono::seconds>(kLongestCached).count();
    for (const ares_addrinfo_node* node = info ? info->nodes : nullptr; node != nullptr;
         node = node->ai_next) {
      const auto address = from_sockaddr(*node->ai_addr);
      if (!address || std::ranges::find(addresses, *address) != addresses.end()) continue;
      addresses.push_back(*address);
      ttl = std::min<std::int64_t>(ttl, node->ai_ttl);
    }
    if (status == ARES_SUCCESS && addresses.empty()) status = ARES_ENODATA;
    const auto state = pending->state.lock();
    if (state) {
      state->open.erase(pending->host);
      if (status == ARES_SUCCESS && ttl > 0)
        state->remember(pending->host, addresses, std::chrono::seconds(ttl));
    }
    if (status == ARES_SUCCESS)
      pending->question->set(std::move(addresses));
    else
      pending->question->set(describe_failure(pending->host, status));
  }

  void remember(const std::string& host, const std::vector<IpAddress>& addresses, Duration ttl) {
    const MonotonicTime now = loop.clock().monotonic();
    if (cached.size() >= kMaxCached)
      std::erase_if(cached, [now](const auto& entry) { return entry.second.until <= now; });
    if (cached.size() >= kMaxCached) cached.clear();
    cached.insert_or_assign(host, CachedAnswer{addresses, now + ttl});
  }
};

DnsResolver::DnsResolver(async::RealEventLoop& loop, std::string servers)
    : state_(std::make_shared<State>(loop, std::move(servers))) {}
DnsResolver::~DnsResolver() { stop(); }

void DnsResolver::stop() {
  state_->stopped = true;
  state_->channel.reset();
  state_->open.clear();
}

async::Task<Answer> DnsResolver::resolve(std::string host, Duration limit) {
  const auto state = state_;
  if (const auto address = parse_ip(host)) co_return std::vector{*address};
  host = lower_ascii(host);
  if (host == "localhost" || host.ends_with(".localhost"))
    co_return std::vector{*parse_ip("127.0.0.1"), *parse_ip("::1")};
  if (state->stopped) co_return fail(ErrorCode::kCancelled, "resolve {}: the daemon is stopping", host);
  if (const auto found = state->cached.find(host); found != state->cached.end()) {
    if (found->second.until > state->loop.clock().monotonic()) co_return found->second.addresses;
    state->cached.erase(found);
  }
  const auto question = state->ask(host);
  const auto answer = co_await question->wait(limit);
  if (answer) co_return *answer;
  if (answer.error().code == ErrorCode::kTimeout) {
    co_return fail(ErrorCode::kUnavailable, "resolve {}: no DNS answer within {}; check the network", host,
                   format_duration(limit));
  }
  co_return fail(ErrorCode::kCancelled, "resolve {}: cancelled", host);
}

}  // namespace pryx::net
