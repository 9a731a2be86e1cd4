// SPDX-License-Identifier: MIT
// The blocking client of the daemon's HTTP API (contract.md sections 3 and 4): one request at a time over a
// kept-alive connection, and event streams over connections of their own. A problem document becomes an Error
// with the daemon's own text. One owner, one thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/secret.h"
#include "foundation/net/http_types.h"
#include "foundation/net/sse_parser.h"
#include "surfaces/client/connection.h"
#include "surfaces/client/error_traces.h"
#include "surfaces/client/http_response.h"

namespace pryx::client {

// Where the daemon answers.
struct Endpoint {
  std::string socket_path;  // not empty: the Unix socket, whose peer is known by its uid
  std::string address;      // else a literal loopback address
  std::uint16_t port = 0;
  std::string authority = "localhost";  // the Host field
  Secret token;                         // TCP only
};

// "http://127.0.0.1:7799". Anything but plain HTTP to a loopback address is refused: a token must not cross a
// network in clear.
[[nodiscard]] Result<Endpoint> parse_host_url(std::string_view url);

struct Reply {
  int status = 0;
  net::Headers headers;
  std::string body;   // as it came
  json::object json;  // the body as an object; empty when it is none
};

struct Call {
  std::string method = "GET";
  std::string target;  // "/api/v1/sessions?limit=5", already percent-encoded
  std::optional<json::object> body;
  net::Headers headers;
  std::optional<Duration> timeout;  // else the client's
};

// Events of one response with Accept: text/event-stream. Leaving it does not cancel the turn.
class EventStream {
 public:
  struct Next {
    enum class Kind : std::uint8_t { kEvent, kEnd, kCut, kTimeout, kInterrupted };
    Kind kind = Kind::kEnd;  // kEnd: the response is complete; kCut: the connection went away before
    net::SseEvent event;     // kEvent only
  };
  [[nodiscard]] Result<Next> next(Duration limit);
  // Without waiting: kTimeout means nothing is there yet. For callers with a poll loop of their own over
  // fd().
  [[nodiscard]] Result<Next> next_available();
  [[nodiscard]] int fd() const { return connection_.fd(); }
  [[nodiscard]] const std::string& last_id() const { return sse_.last_id(); }

 private:
  friend class ApiClient;
  EventStream(Connection connection, ResponseParser parser, Waiting waiting)
      : connection_(std::move(connection)), parser_(std::move(parser)), waiting_(waiting) {}
  [[nodiscard]] Result<void> take(std::string_view bytes);
  [[nodiscard]] std::optional<Next> take_queued();

  Connection connection_;
  ResponseParser parser_;
  net::SseParser sse_{16u << 20};  // far beyond the largest event the daemon sends
  Waiting waiting_;
  std::vector<net::SseEvent> queue_;  // reversed: the next one is at the back
  bool cut_ = false;
};

class ApiClient {
 public:
  ApiClient(Endpoint endpoint, Waiting waiting, Duration timeout)
      : endpoint_(std::move(endpoint)), waiting_(waiting), timeout_(timeout) {}

  // The reply of a 2xx; every other status is an Error (its code from the problem document, else from the
  // status).
  [[nodiscard]] Result<Reply> call(Call call);
  [[nodiscard]] Result<Reply> get(std::string target) { return call({"GET", std::move(target), {}, {}, {}}); }
  [[nodiscard]] Result<Reply> post(std::string target, json::object body) {
    return call({"POST", std::move(target), std::move(body), {}, {}});
  }
  [[nodiscard]] Result<Reply> put(std::string target, json::object body) {
    return call({"PUT", std::move(target), std::move(body), {}, {}});
  }
  [[nodiscard]] Result<Reply> patch(std::string target, json::object body) {
    return call({.method = "PATCH", .target = std::move(target), .body = std::move(body)});
  }
  [[nodiscard]] Result<Reply> remove(std::string target) {
    return call({"DELETE", std::move(target), {}, {}, {}});
  }

  // The body of a 2xx, handed over piece by piece as it comes, however long it is; the reply holds none of
  // it. The time limit is for each piece. What `take` fails with ends it.
  using Take = std::function<Result<void>(std::string_view piece)>;
  [[nodiscard]] Result<Reply> download(Call call, const Take& take);
  // The call's reply as a stream of events.
  [[nodiscard]] Result<EventStream> stream(Call call);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  void set_interrupt_fd(int fd) { waiting_.interrupt_fd = fd; }
  // Where the traces of replies that are errors are kept; outlives the client.
  void keep_traces_in(ErrorTraces* traces) { traces_ = traces; }

 private:
  [[nodiscard]] Result<Connection> connect(MonotonicTime deadline);
  [[nodiscard]] std::string format_request(const Call& call, bool stream) const;
  [[nodiscard]] Result<Reply> exchange(Connection& connection, const std::string& request, bool head,
                                       MonotonicTime deadline, bool& keeps_alive);

  [[nodiscard]] std::unexpected<Error> refused(const Reply& reply) const;

  Endpoint endpoint_;
  Waiting waiting_;
  Duration timeout_;
  std::optional<Connection> kept_;
  ErrorTraces* traces_ = nullptr;
};

// The Error that a problem document (or a bare status) stands for.
[[nodiscard]] Error error_from_reply(const Reply& reply);

}  // namespace pryx::client
