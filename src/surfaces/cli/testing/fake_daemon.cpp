// SPDX-License-Identifier: MIT
#include "surfaces/cli/testing/fake_daemon.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "foundation/base/text.h"
#include "foundation/config/core_file.h"
#include "foundation/platform/files.h"
#include "foundation/platform/socket_path.h"

namespace pryx::cli::testing {
namespace {

void send_text(int connection, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) ::_exit(0);
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string chunk(std::string_view text) { return fmt::format("{:x}\r\n{}\r\n", text.size(), text); }

// Head and body of the next request; empty when the peer is gone.
std::string read_request(int connection) {
  std::string bytes;
  while (true) {
    const std::size_t head = bytes.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t field = bytes.find("Content-Length: ");
      const std::size_t length =
          field < head ? static_cast<std::size_t>(std::atol(bytes.c_str() + field + 16)) : 0;
      if (bytes.size() >= head + 4 + length) return bytes.substr(0, head + 4 + length);
    }
    char buffer[4096];
    const ssize_t count = ::read(connection, buffer, sizeof(buffer));
    if (count <= 0) return {};
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

std::string sse(int version, const std::string& name, const std::string& payload) {
  const std::string id = version > 0 ? fmt::format("id: {}\n", version) : "";
  return fmt::format(
      "event: {0}\n{1}data: "
      "{{\"type\":\"event\",\"schema\":1,\"version\":{2},\"event\":\"{0}\",\"session_id\":\"ses_1\","
      "\"payload\":{3}}}\n\n",
      name, id, version, payload);
}

FakeDaemon::FakeDaemon(const config::Places& places, std::vector<FakeAnswer> answers, std::string version)
    : places_(places), answers_(std::move(answers)) {
  PRYX_CHECK(config::create_places(places_));
  int ready[2];
  PRYX_CHECK(::pipe(ready) == 0);
  pid_ = ::fork();
  PRYX_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    ::signal(SIGCHLD, SIG_IGN);
    auto place = platform::SocketPath::make(places_.run, config::Places::socket_name());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, place->address().c_str(), place->address().size() + 1);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener, 16) != 0)
      ::_exit(1);
    const auto record = config::describe_this_core(std::move(version), "http://127.0.0.1:7799",
                                                   places_.socket(), WallTime{1});
    if (!config::write_core_file(places_, record)) ::_exit(1);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    serve(listener);
  }
  char byte = 0;
  ::close(ready[1]);
  PRYX_CHECK(::read(ready[0], &byte, 1) == 1);
  ::close(ready[0]);
}

FakeDaemon::~FakeDaemon() {
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::unlink(places_.socket().c_str());
  ::unlink(places_.core_file().c_str());
}

void FakeDaemon::serve(int listener) {
  while (true) {
    const int connection = ::accept(listener, nullptr, nullptr);
    if (connection < 0) continue;
    if (::fork() == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(listener);
      answer(connection);
      ::_exit(0);
    }
    ::close(connection);
  }
}

void FakeDaemon::answer(int connection) {
  while (true) {
    const std::string request = read_request(connection);
    if (request.empty()) return;
    const std::string line = request.substr(0, request.find(" HTTP/1.1"));
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    const int log = ::open(log_path().c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600);
    const std::string entry = line + " " + body + "\n";
    if (::write(log, entry.data(), entry.size()) < 0) return;
    ::close(log);
    const FakeAnswer* found = nullptr;
    for (const FakeAnswer& some : answers_) {
      const bool fits = line.starts_with(some.method + " " + some.path_prefix) &&
                        (some.only_with.empty() || request.find(some.only_with) != std::string::npos);
      if (found == nullptr && fits) found = &some;
    }
    static const FakeAnswer kMissing{
        "",  "",
        404, R"({"title":"Not found","detail":"the fake daemon has no such route","code":"PRYX-1005"})",
        {},  {}};
    if (found == nullptr) found = &kMissing;
    if (found->events.empty()) {
      const std::string type = found->status < 300 ? "application/json" : "application/problem+json";
      send_text(connection,
                found->status == 204
                    ? "HTTP/1.1 204 No Content\r\n\r\n"
                    : fmt::format("HTTP/1.1 {} X\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
                                  found->status, type, found->body.size(), found->body));
      continue;
    }
    send_text(connection,
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const std::string& event : found->events) {
      if (event == "CUT") return;
      if (event.starts_with("WAIT ")) {
        for (int i = 0; i < 1000 && !was_asked(event.substr(5)); ++i) (void)::poll(nullptr, 0, 10);
        continue;
      }
      send_text(connection, chunk(event));
    }
    send_text(connection, "0\r\n\r\n");
  }
}

std::vector<std::string> FakeDaemon::requests() const {
  std::vector<std::string> out;
  const auto text = platform::read_file(log_path(), 1u << 20);
  if (!text) return out;
  for (std::string_view line : split(*text, '\n')) {
    if (!line.empty()) out.emplace_back(line);
  }
  return out;
}

bool FakeDaemon::was_asked(std::string_view part) const {
  for (const std::string& request : requests()) {
    if (request.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace pryx::cli::testing
