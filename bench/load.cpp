// SPDX-License-Identifier: MIT
// The load generator. Each mode prints one JSON line that bench/run reads.
//   turns PORT TOKEN MODEL COUNT LANES     chat completions through the daemon (or, with an empty token,
//   straight at a model) accept PORT TOKEN SESSIONS COUNT LANES messages, each committed before its 202;
//   SESSIONS is a file with an id a line get PORT TOKEN COUNT PATH…             GETs in turn, one connection
//   bus PORT TOKEN CLIENTS ROUNDS          WebSocket clients, one event to all
#include <fstream>

#include "socket_loop.h"

namespace {
using namespace bench;

void print(const char* mode, const std::vector<double>& ms, double seconds) {
  std::printf(
      R"({"mode":"%s","n":%zu,"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"per_second":%.1f})"
      "\n",
      mode, ms.size(), percentile(ms, 50), percentile(ms, 95), percentile(ms, 99), percentile(ms, 100),
      seconds > 0 ? static_cast<double>(ms.size()) / seconds : 0);
}

void expect_status(std::string_view answer, std::string_view status) {
  if (!answer.starts_with("HTTP/1.1 " + std::string(status))) {
    std::fprintf(stderr, "bench: unexpected answer: %.300s\n", std::string(answer).c_str());
    std::exit(1);
  }
}

int turns(int port, const std::string& token, const std::string& model, size_t count, size_t lanes) {
  const auto request = [&](size_t i) {
    return post("/v1/chat/completions", port, token,
                R"({"model":")" + model + R"(","stream":true,"messages":[{"role":"user","content":"hello )" +
                    std::to_string(i) + "\"}]}");
  };
  const auto check = [](std::string_view answer) {
    expect_status(answer, "200");
    if (answer.find("w19") == std::string_view::npos || answer.find("[DONE]") == std::string_view::npos) {
      std::fprintf(stderr, "bench: incomplete answer: %.400s\n", std::string(answer).c_str());
      std::exit(1);
    }
  };
  double seconds = 0;
  drive(port, std::min<size_t>(lanes, 5), std::min<size_t>(lanes * 2, count), request, check,
        seconds);  // warm up
  print("turns", drive(port, lanes, count, request, check, seconds), seconds);
  return 0;
}

int accept(int port, const std::string& token, const std::string& sessions_file, size_t count, size_t lanes) {
  std::vector<std::string> sessions;
  std::ifstream file(sessions_file);
  for (std::string line; std::getline(file, line);) sessions.push_back(line);
  double seconds = 0;
  const auto ms = drive(
      port, lanes, count,
      [&](size_t i) {
        return post("/api/v1/sessions/" + sessions[i % sessions.size()] + "/messages", port, token,
                    R"({"text":"message )" + std::to_string(i) + R"( of the acceptance run"})");
      },
      [](std::string_view answer) { expect_status(answer, "202"); }, seconds);
  print("accept", ms, seconds);
  return 0;
}

int gets(int port, const std::string& token, size_t count, const std::vector<std::string>& paths) {
  double seconds = 0;
  print("get",
        drive(
            port, 1, count, [&](size_t i) { return get(paths[i % paths.size()], port, token); },
            [](std::string_view answer) { expect_status(answer, "200"); }, seconds),
        seconds);
  return 0;
}

// Every client waits for the event that one POST causes; the time is from the POST to the last client's
// frame.
int bus(int port, const std::string& token, size_t clients, size_t rounds) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> fds;
  for (size_t i = 0; i < clients; ++i) {
    const int fd = connect_to(port);
    const std::string answer =
        exchange(fd, "GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                         "\r\nAuthorization: Bearer " + token +
                         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
                         "13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
    expect_status(answer, "101");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    fds.push_back(fd);
  }
  const int poster = connect_to(port);
  std::vector<double> each, last;
  char buffer[65536];
  for (size_t round = 0; round < rounds; ++round) {
    std::vector<std::string> seen(clients);
    size_t left = clients;
    const double begun = now_ms();
    send_all(poster,
             post("/api/v1/sessions", port, token, R"({"title":"bus round)" + std::to_string(round) + "\"}"));
    while (left > 0) {
      epoll_event events[256];
      const int n = ::epoll_wait(epoll, events, 256, 10'000);
      if (n <= 0) die("a bus client got nothing for 10 s");
      for (int e = 0; e < n; ++e) {
        const size_t i = events[e].data.u64;
        const ssize_t got = ::recv(fds[i], buffer, sizeof buffer, 0);
        if (got <= 0) die("bus client dropped");
        const bool had = seen[i].find("session.created") != std::string::npos;
        seen[i].append(buffer, static_cast<size_t>(got));
        if (!had && seen[i].find("session.created") != std::string::npos) {
          each.push_back(now_ms() - begun);
          --left;
        }
      }
    }
    last.push_back(now_ms() - begun);
    ::recv(poster, buffer, sizeof buffer, 0);
  }
  print("bus", each, 0);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> a(argv + 1, argv + argc);
  if (a.size() >= 6 && a[0] == "turns")
    return turns(std::stoi(a[1]), a[2], a[3], std::stoul(a[4]), std::stoul(a[5]));
  if (a.size() >= 6 && a[0] == "accept")
    return accept(std::stoi(a[1]), a[2], a[3], std::stoul(a[4]), std::stoul(a[5]));
  if (a.size() >= 5 && a[0] == "get")
    return gets(std::stoi(a[1]), a[2], std::stoul(a[3]), {a.begin() + 4, a.end()});
  if (a.size() >= 5 && a[0] == "bus") return bus(std::stoi(a[1]), a[2], std::stoul(a[3]), std::stoul(a[4]));
  std::fprintf(stderr, "usage: turns|accept|get|bus …, see the top of load.cpp\n");
  return 2;
}
