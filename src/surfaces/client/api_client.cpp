// SPDX-License-Identifier: MIT
#include "surfaces/client/api_client.h"

#include <poll.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "foundation/base/text.h"

namespace pryx::client {
namespace {

constexpr std::size_t kMaxProblem = 1u << 20;  // of an answer that is no 2xx

bool is_loopback(std::string_view address) {
  return address == "::1" || address == "localhost" ||
         (address.starts_with("127.") && address.find_first_not_of("0123456789.") == std::string_view::npos);
}

ErrorCode code_from_status(int status) {
  switch (status) {
    case 400:
    case 405:
    case 406:
    case 411:
    case 415:
    case 428:
      return ErrorCode::kInvalidArgument;
    case 401:
      return ErrorCode::kUnauthenticated;
    case 402:
      return ErrorCode::kBudget;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
    case 410:
      return ErrorCode::kNotFound;
    case 408:
    case 504:
      return ErrorCode::kTimeout;
    case 409:
    case 412:
      return ErrorCode::kConflict;
    case 413:
    case 414:
    case 431:
      return ErrorCode::kTooLarge;
    case 422:
      return ErrorCode::kCheckFailed;
    case 429:
      return ErrorCode::kOverloaded;
    case 501:
      return ErrorCode::kUnsupported;
    case 502:
      return ErrorCode::kProvider;
    case 503:
      return ErrorCode::kUnavailable;
    case 507:
      return ErrorCode::kStorage;
    default:
      return ErrorCode::kInternal;
  }
}

json::object object_or_empty(const net::Headers& headers, const std::string& body) {
  const auto type = headers.find("content-type");
  if (!type || type->find("json") == std::string_view::npos) return {};
  auto parsed = json::parse_object(body, {.max_bytes = 64u << 20, .max_depth = 128});
  return parsed ? std::move(*parsed) : json::object{};
}

}  // namespace

Result<Endpoint> parse_host_url(std::string_view text) {
  auto parsed = boost::urls::parse_uri(text);
  if (!parsed)
    return fail(ErrorCode::kInvalidArgument, "--host: '{}' is no URL; write http://127.0.0.1:7799", text);
  const boost::urls::url_view url = *parsed;
  if (url.scheme() == "https") {
    return fail(ErrorCode::kInvalidArgument,
                "--host: https is not supported; forward a port with ssh -L and use http://127.0.0.1:PORT");
  }
  if (url.scheme() != "http" || url.has_userinfo() || url.has_query() || url.has_fragment() ||
      (url.path() != "" && url.path() != "/")) {
    return fail(ErrorCode::kInvalidArgument, "--host: '{}' is not of the form http://ADDRESS:PORT", text);
  }
  Endpoint endpoint;
  endpoint.address = url.host_address();
  if (!is_loopback(endpoint.address)) {
    return fail(ErrorCode::kInvalidArgument,
                "--host: {} is no loopback address, and the token must not cross a network in clear; forward "
                "a port with ssh -L",
                endpoint.address);
  }
  endpoint.port = url.has_port() ? url.port_number() : 7799;
  if (endpoint.port == 0) return fail(ErrorCode::kInvalidArgument, "--host: '{}' has no valid port", text);
  const std::string host(url.encoded_host());
  endpoint.authority = fmt::format("{}:{}", host, endpoint.port);
  return endpoint;
}

Error error_from_reply(const Reply& reply) {
  Error error{code_from_status(reply.status), json::string_or(reply.json, "detail"), -1};
  const std::string wire = json::string_or(reply.json, "code");
  if (!wire.empty()) {
    const ErrorCode named = error_code_from_name(wire);
    if (named != ErrorCode::kInternal || wire == facts(ErrorCode::kInternal).wire) error.code = named;
  }
  if (error.message.empty()) error.message = json::string_or(reply.json, "title");
  if (error.message.empty())
    error.message = fmt::format("the daemon answered {} {}", reply.status, net::reason_phrase(reply.status));
  error.retry_after_ms = json::integer_or(reply.json, "retry_after_ms", -1);
  return error;
}

std::unexpected<Error> ApiClient::refused(const Reply& reply) const {
  Error error = error_from_reply(reply);
  if (traces_ != nullptr) traces_->keep(error, json::string_or(reply.json, "trace_id"));
  return fail(std::move(error));
}

Result<Connection> ApiClient::connect(MonotonicTime deadline) {
  if (!endpoint_.socket_path.empty()) return Connection::open_unix(endpoint_.socket_path, deadline, waiting_);
  return Connection::open_tcp(endpoint_.address, endpoint_.port, deadline, waiting_);
}

std::string ApiClient::format_request(const Call& call, bool stream) const {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: pryx-cli/{}\r\nAccept: {}\r\n",
                                 call.method, call.target, endpoint_.authority, PRYX_VERSION,
                                 stream ? "text/event-stream" : "application/json, */*;q=0.5");
  if (!endpoint_.token.empty()) text += fmt::format("Authorization: Bearer {}\r\n", endpoint_.token.reveal());
  for (const auto& [name, value] : call.headers.all()) text += fmt::format("{}: {}\r\n", name, value);
  if (stream) text += "Connection: close\r\n";
  if (call.body) {
    const std::string body = json::to_text(*call.body);
    text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
  } else {
    text += call.method == "GET" || call.method == "HEAD" ? "\r\n" : "Content-Length: 0\r\n\r\n";
  }
  return text;
}

Result<Reply> ApiClient::exchange(Connection& connection, const std::string& request, bool head,
                                  MonotonicTime deadline, bool& keeps_alive) {
  PRYX_TRY_VOID(connection.send_all(request, deadline, waiting_));
  ResponseParser parser({}, head);
  while (!parser.is_done()) {
    PRYX_TRY(std::string bytes, connection.receive(deadline, waiting_));
    if (bytes.empty())
      return fail(ErrorCode::kUnavailable, "the daemon closed the connection before it answered; try again");
    PRYX_TRY_VOID(parser.feed(bytes));
  }
  keeps_alive = parser.keeps_alive();
  Reply reply{parser.status(), parser.headers(), parser.take_body(), {}};
  reply.json = object_or_empty(reply.headers, reply.body);
  return reply;
}

Result<Reply> ApiClient::call(Call call) {
  const MonotonicTime deadline = waiting_.clock->monotonic() + call.timeout.value_or(timeout_);
  // A kept connection that the daemon closed meanwhile is replaced before anything is sent: no request is
  // ever sent twice.
  if (kept_ && !kept_->is_idle_and_open()) kept_.reset();
  if (!kept_) {
    PRYX_TRY(kept_, connect(deadline));
  }
  bool keeps_alive = false;
  auto reply = exchange(*kept_, format_request(call, false), call.method == "HEAD", deadline, keeps_alive);
  if (!keeps_alive) kept_.reset();
  if (!reply) return fail(std::move(reply.error()));
  if (reply->status < 200 || reply->status >= 300) return refused(*reply);
  return reply;
}

Result<Reply> ApiClient::download(Call call, const Take& take) {
  const auto deadline = [&] { return waiting_.clock->monotonic() + call.timeout.value_or(timeout_); };
  call.headers.add("Connection", "close");
  PRYX_TRY(Connection connection, connect(deadline()));
  PRYX_TRY_VOID(connection.send_all(format_request(call, false), deadline(), waiting_));
  ResponseParser parser({.max_body_bytes = 0});
  std::string problem;  // the body of what is no 2xx
  const auto is_good = [&] { return parser.status() >= 200 && parser.status() < 300; };
  while (!parser.is_done() && problem.size() <= kMaxProblem) {
    PRYX_TRY(const std::string bytes, connection.receive(deadline(), waiting_));
    if (bytes.empty())
      return fail(ErrorCode::kUnavailable,
                  "the daemon closed the connection before its answer was complete; try again");
    PRYX_TRY_VOID(parser.feed(bytes));
    const std::string piece = parser.take_body();
    if (!is_good())
      problem += piece;
    else if (!piece.empty())
      PRYX_TRY_VOID(take(piece));
  }
  Reply reply{parser.status(), parser.headers(), std::move(problem), {}};
  if (is_good()) return reply;
  reply.json = object_or_empty(reply.headers, reply.body);
  return refused(reply);
}

Result<EventStream> ApiClient::stream(Call call) {
  const MonotonicTime deadline = waiting_.clock->monotonic() + call.timeout.value_or(timeout_);
  PRYX_TRY(Connection connection, connect(deadline));
  PRYX_TRY_VOID(connection.send_all(format_request(call, true), deadline, waiting_));
  ResponseParser parser({.max_body_bytes = 0});
  while (!parser.has_head()) {
    PRYX_TRY(std::string bytes, connection.receive(deadline, waiting_));
    if (bytes.empty())
      return fail(ErrorCode::kUnavailable, "the daemon closed the connection before it answered; try again");
    PRYX_TRY_VOID(parser.feed(bytes));
  }
  const auto type = parser.headers().find("content-type");
  const bool events = type && type->starts_with("text/event-stream");
  if (parser.status() == 200 && events) {
    EventStream stream(std::move(connection), std::move(parser), waiting_);
    PRYX_TRY_VOID(stream.take({}));
    return stream;
  }
  Reply reply{parser.status(), parser.headers(), parser.take_body(), {}};
  while (!parser.is_done()) {
    PRYX_TRY(std::string bytes, connection.receive(deadline, waiting_));
    if (bytes.empty() || reply.body.size() > kMaxProblem) break;
    PRYX_TRY_VOID(parser.feed(bytes));
    reply.body += parser.take_body();
  }
  reply.json = object_or_empty(reply.headers, reply.body);
  if (reply.status >= 200 && reply.status < 300) {
    return fail(ErrorCode::kInternal, "the daemon answered {} without the events that were asked for",
                reply.status);
  }
  return refused(reply);
}

Result<void> EventStream::take(std::string_view bytes) {
  PRYX_TRY_VOID(parser_.feed(bytes));
  std::vector<net::SseEvent> events;
  PRYX_TRY_VOID(sse_.feed(parser_.take_body(), events));
  queue_.insert(queue_.begin(), std::make_move_iterator(events.rbegin()),
                std::make_move_iterator(events.rend()));
  return {};
}

std::optional<EventStream::Next> EventStream::take_queued() {
  if (!queue_.empty()) {
    Next next{Next::Kind::kEvent, std::move(queue_.back())};
    queue_.pop_back();
    return next;
  }
  if (parser_.is_done()) return Next{Next::Kind::kEnd, {}};
  if (cut_) return Next{Next::Kind::kCut, {}};
  return std::nullopt;
}

Result<EventStream::Next> EventStream::next_available() {
  while (true) {
    if (auto next = take_queued()) return std::move(*next);
    auto bytes = connection_.receive_available();
    if (bytes && !*bytes) return Next{Next::Kind::kTimeout, {}};
    if (!bytes || (*bytes)->empty()) {
      cut_ = true;
      continue;
    }
    PRYX_TRY_VOID(take(**bytes));
  }
}

Result<EventStream::Next> EventStream::next(Duration limit) {
  const MonotonicTime deadline = waiting_.clock->monotonic() + limit;
  while (true) {
    PRYX_TRY(Next next, next_available());
    if (next.kind != Next::Kind::kTimeout) return next;
    switch (wait_for_fd(connection_.fd(), POLLIN, deadline, waiting_)) {
      case Readiness::kReady:
        break;
      case Readiness::kTimeout:
        return next;
      case Readiness::kInterrupted:
        return Next{Next::Kind::kInterrupted, {}};
    }
  }
}

}  // namespace pryx::client
