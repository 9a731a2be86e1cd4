// SPDX-License-Identifier: MIT
// An OpenAI-compatible model that answers at once: 20 deltas, one write. `pryx_fake_model PORT [deltas]
// [hang|stamp]` takes any free port for 0 and prints the one it listens on; with `hang` it accepts requests
// and never answers, with `stamp` the first delta is "@A @B ", the monotonic nanoseconds at which the request
// was there and its answer left. Used to measure the daemon's own time.
#include <ctime>

#include "socket_loop.h"

namespace {

long now_ns() {
  timespec at{};
  ::clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1'000'000'000L + at.tv_nsec;
}

std::string answer(int deltas, const std::string& first) {
  std::string body;
  const auto chunk = [&](const std::string& json) {
    const std::string text = "data: " + json + "\n\n";
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    body += size + text + "\r\n";
  };
  for (int i = 0; i < deltas; ++i) {
    chunk(
        R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[{"index":0,"delta":{"role":"assistant","content":")" +
        (i == 0 && !first.empty() ? first : "w" + std::to_string(i) + " ") + R"("},"finish_reason":null}]})");
  }
  chunk(
      R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
  chunk(
      R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}})");
  chunk("[DONE]");
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + body +
         "0\r\n\r\n";
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 18999;
  const int deltas = argc > 2 ? std::atoi(argv[2]) : 20;
  const bool hang = argc > 3 && std::string_view(argv[3]) == "hang";
  const bool stamp = argc > 3 && std::string_view(argv[3]) == "stamp";
  const std::string stream = answer(deltas, {});
  const std::string models =
      R"({"object":"list","data":[{"id":"fake","object":"model","owned_by":"bench"}]})";
  const std::string list = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(models.size()) + "\r\n\r\n" + models;

  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 1024) != 0)
    bench::die("listen");
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  sockaddr_in bound{};
  socklen_t bound_size = sizeof bound;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &bound_size);
  std::printf("%d\n", ntohs(bound.sin_port));
  std::fflush(stdout);

  std::vector<std::string> in(65536);
  char buffer[65536];
  for (;;) {
    epoll_event events[256];
    const int n = ::epoll_wait(epoll, events, 256, -1);
    for (int e = 0; e < n; ++e) {
      const int fd = events[e].data.fd;
      if (fd == listener) {
        for (int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); client >= 0;
             client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) {
          ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          in[static_cast<size_t>(client)].clear();
          event.data.fd = client;
          ::epoll_ctl(epoll, EPOLL_CTL_ADD, client, &event);
        }
        continue;
      }
      std::string& pending = in[static_cast<size_t>(fd)];
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        ::close(fd);
        continue;
      }
      const long came = now_ns();
      pending.append(buffer, static_cast<size_t>(got));
      for (size_t whole = bench::complete_message(pending); whole > 0;
           whole = bench::complete_message(pending)) {
        const bool is_list = pending.starts_with("GET ");
        pending.erase(0, whole);
        if (stamp && !is_list) {
          const std::string first = "@" + std::to_string(came) + " @" + std::to_string(now_ns()) + " ";
          bench::send_all(fd, answer(deltas, first));
        } else if (!hang || is_list) {
          bench::send_all(fd, is_list ? list : stream);
        }
      }
    }
  }
}
