// SPDX-License-Identifier: MIT
#include "foundation/net/byte_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "foundation/async/wait_list.h"
#include "foundation/net/poll_set.h"

namespace pryx::net {
namespace {

class PolledSocket;

}  // namespace

struct StreamHub::State {
  explicit State(async::RealEventLoop& l)
      : loop(l), polled(l, [this](PollSet::Ready ready) { on_ready(ready); }, [] {}) {}
  void on_ready(PollSet::Ready ready);

  async::RealEventLoop& loop;
  std::unordered_map<int, PolledSocket*> sockets;
  PollSet polled;
};

namespace {

std::string errno_text() { return std::strerror(errno); }
bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// A descriptor that coroutines can wait for. Level-triggered watching is on only while somebody waits.
class PolledSocket final : public ByteStream, public StreamListener {
 public:
  // The map and the poll set live in the hub; `hub` keeps them alive.
  PolledSocket(std::shared_ptr<void> hub, async::RealEventLoop& loop, PollSet& polled,
               std::unordered_map<int, PolledSocket*>& sockets, int fd)
      : hub_(std::move(hub)),
        polled_(polled),
        sockets_(sockets),
        loop_(loop),
        fd_(fd),
        readable_(loop),
        writable_(loop) {
    sockets_[fd_] = this;
  }
  ~PolledSocket() override { close_descriptor(); }
  PolledSocket(const PolledSocket&) = delete;
  PolledSocket& operator=(const PolledSocket&) = delete;

  async::Task<Result<std::string>> read(std::size_t most, Duration limit) override {
    std::string buffer(most, '\0');
    for (;;) {
      if (fd_ < 0) co_return fail(ErrorCode::kUnavailable, "the connection was closed");
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got >= 0) {
        buffer.resize(static_cast<std::size_t>(got));
        co_return buffer;
      }
      if (!would_block()) co_return fail(ErrorCode::kUnavailable, "the connection broke: {}", errno_text());
      PRYX_CO_TRY_VOID(co_await wait(readable_, wants_read_, limit));
    }
  }

  async::Task<Result<void>> write(std::string bytes, Duration limit) override {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      if (fd_ < 0) co_return fail(ErrorCode::kUnavailable, "the connection was closed");
      const ssize_t put = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (put >= 0) {
        sent += static_cast<std::size_t>(put);
        continue;
      }
      if (!would_block()) co_return fail(ErrorCode::kUnavailable, "the connection broke: {}", errno_text());
      PRYX_CO_TRY_VOID(co_await wait(writable_, wants_write_, limit));
    }
    co_return Result<void>{};
  }

  void finish_writing() override {
    if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
  }
  void close() override {
    close_descriptor();
    readable_.wake_all();
    writable_.wake_all();
  }
  std::optional<IpAddress> peer() const override {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (fd_ < 0 || ::getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
    return from_sockaddr(reinterpret_cast<const sockaddr&>(address));
  }

  async::Task<Result<std::shared_ptr<ByteStream>>> accept() override {
    for (;;) {
      if (fd_ < 0) co_return fail(ErrorCode::kCancelled, "the listener was closed");
      const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) co_return std::make_shared<PolledSocket>(hub_, loop_, polled_, sockets_, fd);
      if (!would_block() && errno != ECONNABORTED)
        co_return fail(ErrorCode::kOverloaded, "accept a connection: {}", errno_text());
      PRYX_CO_TRY_VOID(co_await wait(readable_, wants_read_, std::chrono::hours(24)));
    }
  }

  async::Task<Result<void>> connect(const sockaddr_storage address, socklen_t size, Duration limit) {
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
      if (errno != EINPROGRESS) co_return fail(ErrorCode::kUnavailable, "{}", errno_text());
      PRYX_CO_TRY_VOID(co_await wait(writable_, wants_write_, limit));
    }
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) co_return fail(ErrorCode::kUnavailable, "{}", std::strerror(error));
    co_return Result<void>{};
  }

  void on_ready(const PollSet::Ready& ready) {
    const bool read = wants_read_ && (ready.readable || ready.failed);
    const bool write = wants_write_ && (ready.writable || ready.failed);
    wants_read_ = wants_read_ && !read;
    wants_write_ = wants_write_ && !write;
    watch();
    if (read) readable_.wake_all();
    if (write) writable_.wake_all();
  }

 private:
  async::Task<Result<void>> wait(async::WaitList& list, bool& wants, Duration limit) {
    wants = true;
    watch();
    const async::WaitEnd end = co_await list.wait_for(limit);
    if (end == async::WaitEnd::kWoken) co_return Result<void>{};
    wants = false;
    watch();
    if (end == async::WaitEnd::kTimeout)
      co_return fail(ErrorCode::kTimeout, "the connection was silent for {}", format_duration(limit));
    co_return fail(ErrorCode::kCancelled, "cancelled");
  }
  void watch() {
    if (fd_ >= 0) polled_.watch(fd_, wants_read_, wants_write_);
  }
  void close_descriptor() {
    if (fd_ < 0) return;
    polled_.watch(fd_, false, false);
    sockets_.erase(fd_);
    ::close(std::exchange(fd_, -1));
  }

  std::shared_ptr<void> hub_;
  PollSet& polled_;
  std::unordered_map<int, PolledSocket*>& sockets_;
  async::RealEventLoop& loop_;
  int fd_;
  async::WaitList readable_;
  async::WaitList writable_;
  bool wants_read_ = false;
  bool wants_write_ = false;
};

}  // namespace

void StreamHub::State::on_ready(PollSet::Ready ready) {
  const auto found = sockets.find(ready.fd);
  if (found != sockets.end()) found->second->on_ready(ready);
}

StreamHub::StreamHub(async::RealEventLoop& loop) : state_(std::make_shared<State>(loop)) {}
StreamHub::~StreamHub() = default;

async::Task<Result<std::shared_ptr<ByteStream>>> StreamHub::connect_tcp(IpAddress address, std::uint16_t port,
                                                                        Duration limit) {
  const auto state = state_;
  if (!state->polled.is_open()) co_return fail(ErrorCode::kOverloaded, "too many open files");
  sockaddr_storage target{};
  socklen_t size = 0;
  if (address.is_v6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
    std::memcpy(&target, &v6, size = sizeof v6);
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    std::memcpy(&target, &v4, size = sizeof v4);
  }
  const int fd = ::socket(target.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) co_return fail(ErrorCode::kOverloaded, "open a socket: {}", errno_text());
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto socket = std::make_shared<PolledSocket>(state, state->loop, state->polled, state->sockets, fd);
  PRYX_CO_TRY_VOID(co_await socket->connect(target, size, limit));
  co_return socket;
}

std::shared_ptr<StreamListener> StreamHub::listen(int fd) {
  return std::make_shared<PolledSocket>(state_, state_->loop, state_->polled, state_->sockets, fd);
}

}  // namespace pryx::net
