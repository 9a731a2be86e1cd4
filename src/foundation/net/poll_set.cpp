// SPDX-License-Identifier: MIT
#include "foundation/net/poll_set.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>

namespace pryx::net {

namespace asio = boost::asio;

struct PollSet::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, std::function<void(Ready)> ready, std::function<void()> batch_done)
      : epoll(context), on_ready(std::move(ready)), after(std::move(batch_done)) {
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    boost::system::error_code error;
    if (fd >= 0) epoll.assign(fd, error);
    if (fd >= 0 && error) close(fd);
    closed = fd < 0 || error;
  }

  void arm() {
    epoll.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (error || self->closed) return;
                       self->dispatch();
                       if (!self->closed) self->arm();
                     });
  }

  void dispatch() {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(epoll.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count && !closed; ++i) {
      const std::uint32_t flags = events.at(static_cast<std::size_t>(i)).events;
      on_ready({events.at(static_cast<std::size_t>(i)).data.fd, (flags & (EPOLLIN | EPOLLHUP)) != 0,
                (flags & EPOLLOUT) != 0, (flags & EPOLLERR) != 0});
    }
    if (!closed) after();
  }

  asio::posix::stream_descriptor epoll;
  std::function<void(Ready)> on_ready;
  std::function<void()> after;
  bool closed = false;
};

PollSet::PollSet(async::RealEventLoop& loop, std::function<void(Ready)> on_ready, std::function<void()> after)
    : state_(std::make_shared<State>(loop.context(), std::move(on_ready), std::move(after))) {
  if (is_open()) state_->arm();
}

bool PollSet::is_open() const { return !state_->closed; }

PollSet::~PollSet() {
  state_->closed = true;
  boost::system::error_code ignored;
  state_->epoll.close(ignored);
}

void PollSet::watch(int fd, bool read, bool write) {
  if (!is_open()) return;
  const int set = state_->epoll.native_handle();
  epoll_event event{};
  event.data.fd = fd;
  event.events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u);
  if (event.events == 0) {
    epoll_ctl(set, EPOLL_CTL_DEL, fd, &event);
    return;
  }
  if (epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) != 0 && errno == ENOENT)
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace pryx::net
