// SPDX-License-Identifier: MIT
// The proxy of one sandboxed run: a Unix socket, one request for each connection.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "foundation/async/wait_list.h"
#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "foundation/platform/socket_path.h"
#include "trust/egress/broker_core.h"
#include "trust/egress/proxy_head.h"

namespace pryx::egress {
namespace {

using net::ByteStream;

constexpr Duration kHeadLimit = std::chrono::seconds(10);
constexpr Duration kConnectLimit = std::chrono::seconds(10);
constexpr Duration kAnswerLimit = std::chrono::seconds(10);  // for a few hundred bytes of our own
constexpr std::size_t kPiece = 64u << 10;
constexpr std::size_t kMostConnections = 64;
constexpr std::size_t kMostBody = Limits{}.request_bytes;  // as of a fetch: it lies in memory as a whole

// Shared by the handle and the connections; whoever is last frees it.
struct ProxyState {
  ProxyState(std::shared_ptr<BrokerCore> c, Sender s, HostRules r, Limits l)
      : core(std::move(c)),
        sender(std::move(s)),
        rules(std::make_shared<const HostRules>(std::move(r))),
        limits(l),
        up_left(l.request_bytes),
        down_left(l.response_bytes) {}

  std::shared_ptr<BrokerCore> core;
  Sender sender;
  std::shared_ptr<const HostRules> rules;
  Limits limits;
  std::size_t up_left;
  std::size_t down_left;
  std::size_t open = 0;
  bool closed = false;
  std::shared_ptr<net::StreamListener> listener;
  std::set<std::shared_ptr<ByteStream>> streams;  // of all connections, to close them with the handle
};
using State = std::shared_ptr<ProxyState>;

// Keeps a stream closable while a connection uses it.
class Listed {
 public:
  Listed(State state, std::shared_ptr<ByteStream> stream)
      : state_(std::move(state)), stream_(std::move(stream)) {
    state_->streams.insert(stream_);
    if (state_->closed) stream_->close();
  }
  ~Listed() {
    stream_->close();
    state_->streams.erase(stream_);
  }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

 private:
  State state_;
  std::shared_ptr<ByteStream> stream_;
};

// Takes from what the run may still send or receive. At once with the check: between them another connection
// would pass on the same bytes.
Result<void> spend(std::size_t& left, std::size_t bytes) {
  if (bytes > left)
    return fail(ErrorCode::kTooLarge, "the byte limit of this run's network access is used up");
  left -= bytes;
  return {};
}

async::Task<void> refuse(std::shared_ptr<ByteStream> client, Error error) {
  const bool malformed = error.code == ErrorCode::kInvalidArgument;
  const bool denied = error.code == ErrorCode::kDenied;
  const int status = malformed ? 400 : denied ? 403 : error.code == ErrorCode::kOverloaded ? 429 : 502;
  const std::string body = "pryx egress: " + error.message + "\n";
  (void)co_await client->write(
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
                  "Connection: close\r\n\r\n{}",
                  status, net::reason_phrase(status), body.size(), body),
      kAnswerLimit);
  client->finish_writing();
}

struct Received {
  std::string head;
  std::string rest;  // what the client sent ahead
};

async::Task<Result<Received>> receive_head(std::shared_ptr<ByteStream> client, MonotonicTime until,
                                           async::EventLoop& loop) {
  Received out;
  for (;;) {
    const std::size_t end = out.head.find("\r\n\r\n");
    if (end != std::string::npos) {
      out.rest = out.head.substr(end + 4);
      out.head.resize(end + 4);
      co_return out;
    }
    if (out.head.size() > kMaxProxyHead)
      co_return fail(ErrorCode::kInvalidArgument, "the head is over {} bytes", kMaxProxyHead);
    const Duration left = until - loop.clock().monotonic();
    PRYX_CO_TRY(const std::string piece, co_await client->read(4096, std::max<Duration>(left, Duration(1))));
    if (piece.empty()) co_return fail(ErrorCode::kUnavailable, "the client went away");
    out.head += piece;
  }
}

async::Task<Result<std::shared_ptr<ByteStream>>> connect_checked(State state, net::Url url) {
  const auto core = state->core;
  const auto rule = core->peer_rule(state->rules, url);
  PRYX_CO_TRY(auto addresses, co_await core->resolver.resolve(url.host.name, kConnectLimit));
  std::erase_if(addresses, [&](const net::IpAddress& address) { return !rule(address); });
  if (addresses.empty()) co_return fail(forbidden_peer(url));
  std::optional<Error> last;
  for (const net::IpAddress& address : addresses) {
    auto stream = co_await core->hub.connect_tcp(address, url.port, kConnectLimit);
    if (!stream) {
      last = stream.error();
      if (last->code == ErrorCode::kCancelled) break;
      continue;
    }
    // The kernel's word on who answered, not ours on whom we called.
    const auto peer = (*stream)->peer();
    if (peer && rule(*peer)) co_return stream;
    last = forbidden_peer(url);
  }
  co_return fail(last->code, "connect to {}: {}", url.origin(), last->message);
}

// Until the end of `from`; counts what passed.
async::Task<Result<void>> pump(State state, std::shared_ptr<ByteStream> from, std::shared_ptr<ByteStream> to,
                               std::size_t ProxyState::* left, std::int64_t& count) {
  for (;;) {
    PRYX_CO_TRY(std::string piece, co_await from->read(kPiece, state->limits.time));
    if (piece.empty()) {
      to->finish_writing();
      co_return Result<void>{};
    }
    PRYX_CO_TRY_VOID(spend((*state).*left, piece.size()));
    count += static_cast<std::int64_t>(piece.size());
    PRYX_CO_TRY_VOID(co_await to->write(std::move(piece), state->limits.time));
  }
}

using PumpEnd = async::OneShot<Result<void>>;
async::Task<void> pump_and_tell(State state, std::shared_ptr<ByteStream> from, std::shared_ptr<ByteStream> to,
                                std::size_t ProxyState::* left, std::shared_ptr<std::int64_t> count,
                                std::shared_ptr<PumpEnd> end) {
  auto result = co_await pump(std::move(state), from, to, left, *count);
  // A broken side ends the other one, too.
  if (!result) {
    from->close();
    to->close();
  }
  end->set(std::move(result));
}

async::Task<Result<void>> run_tunnel(State state, std::shared_ptr<ByteStream> client,
                                     std::shared_ptr<ByteStream> upstream, std::string ahead,
                                     RequestRecord& record) {
  constexpr std::string_view kOpen = "HTTP/1.1 200 Connection established\r\n\r\n";
  PRYX_CO_TRY_VOID(co_await client->write(std::string(kOpen), kAnswerLimit));
  PRYX_CO_TRY_VOID(spend(state->up_left, ahead.size()));
  record.bytes_out = static_cast<std::int64_t>(ahead.size());
  PRYX_CO_TRY_VOID(co_await upstream->write(std::move(ahead), state->limits.time));
  const auto sent = std::make_shared<std::int64_t>(0);
  const auto up_end = std::make_shared<PumpEnd>(state->core->loop);
  const auto task = state->core->tasks.spawn(
      "tunnel up", pump_and_tell(state, client, upstream, &ProxyState::up_left, sent, up_end));
  if (task == 0) co_return fail(ErrorCode::kCancelled, "the daemon is stopping");
  const Result<void> down = co_await pump(state, upstream, client, &ProxyState::down_left, record.bytes_in);
  if (!down) {
    client->close();
    upstream->close();
  }
  const Result<void> up = co_await up_end->wait_uncancellable();
  record.bytes_out += *sent;
  if (!down) co_return down;
  co_return up;
}

async::Task<Result<void>> tunnel(State state, std::shared_ptr<ByteStream> client, net::Url url,
                                 std::string ahead, RequestRecord& record) {
  auto upstream = co_await connect_checked(state, url);
  if (!upstream) {
    co_await refuse(client, upstream.error());
    co_return std::unexpected(upstream.error());
  }
  const Listed listed(state, *upstream);
  if (const auto peer = (*upstream)->peer()) record.peer = to_text(*peer);
  co_return co_await run_tunnel(state, client, *upstream, std::move(ahead), record);
}

// The whole of it is spent before its first byte is awaited, and stays so when the client goes away.
async::Task<Result<std::string>> receive_body(State state, std::shared_ptr<ByteStream> client,
                                              std::size_t size, std::string body) {
  if (size > kMostBody)
    co_return fail(ErrorCode::kTooLarge, "a body over plain http has {} bytes at most; use https", kMostBody);
  PRYX_CO_TRY_VOID(spend(state->up_left, size));
  body.resize(std::min(body.size(), size));  // a second request behind the first is not answered
  while (body.size() < size) {
    PRYX_CO_TRY(const std::string piece,
                co_await client->read(std::min(kPiece, size - body.size()), state->limits.time));
    if (piece.empty()) co_return fail(ErrorCode::kUnavailable, "the client went away");
    body += piece;
  }
  co_return body;
}

std::string answer_head(const net::ClientResponse& response) {
  const std::string_view phrase = net::reason_phrase(response.status());
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status(), phrase);
  for (const auto& [name, value] : response.headers().all()) {
    constexpr std::string_view kOurs[] = {"connection",       "keep-alive", "transfer-encoding", "trailer",
                                          "proxy-connection", "upgrade",    "proxy-authenticate"};
    const bool is_ours =
        std::ranges::any_of(kOurs, [&](std::string_view n) { return equals_ignore_case(n, name); });
    if (!is_ours) head += name + ": " + value + "\r\n";
  }
  return head + "Connection: close\r\n\r\n";
}

async::Task<Result<void>> relay(State state, std::shared_ptr<ByteStream> client, net::ClientRequest request,
                                bool& answered, RequestRecord& record) {
  PRYX_CO_TRY(const auto response, co_await state->core->client.start(std::move(request)));
  record.peer = response->peer();
  record.status = response->status();
  answered = true;
  PRYX_CO_TRY_VOID(co_await client->write(answer_head(*response), state->limits.time));
  for (;;) {
    PRYX_CO_TRY(auto piece, co_await response->read(state->limits.time));
    if (!piece) co_return Result<void>{};
    PRYX_CO_TRY_VOID(spend(state->down_left, piece->size()));
    record.bytes_in += static_cast<std::int64_t>(piece->size());
    PRYX_CO_TRY_VOID(co_await client->write(std::move(*piece), state->limits.time));
  }
}

async::Task<Result<void>> forward(State state, std::shared_ptr<ByteStream> client, ProxyHead head,
                                  std::string ahead, RequestRecord& record) {
  Result<void> outcome;
  bool answered = false;
  auto body = co_await receive_body(state, client, head.body_bytes, std::move(ahead));
  if (body) {
    net::ClientRequest request;
    request.method = head.method;
    request.url = head.url.text();
    request.headers = head.headers;
    request.body = std::move(*body);
    request.expected_origin = head.url.origin();
    request.allow_peer = state->core->peer_rule(state->rules, head.url);
    request.connect_timeout = kConnectLimit;
    request.head_timeout = state->limits.time;
    request.max_body_bytes = SIZE_MAX;
    record.bytes_out = static_cast<std::int64_t>(head.head_bytes + head.body_bytes);
    outcome = co_await relay(state, client, std::move(request), answered, record);
    if (!outcome && outcome.error().code == ErrorCode::kForbidden) outcome = fail(forbidden_peer(head.url));
  } else {
    outcome = std::unexpected(body.error());
  }
  if (outcome)
    client->finish_writing();
  else if (!answered)
    co_await refuse(client, outcome.error());
  co_return outcome;
}

async::Task<void> serve(State state, std::shared_ptr<ByteStream> client) {
  const Listed listed(state, client);
  auto received = co_await receive_head(client, state->core->now() + kHeadLimit, state->core->loop);
  if (!received) {
    if (received.error().code == ErrorCode::kInvalidArgument) co_await refuse(client, received.error());
    co_return;
  }
  auto head = parse_proxy_head(received->head);
  if (!head) {
    co_await refuse(client, head.error());
    co_return;
  }
  auto record = co_await state->core->admit(state->sender, state->rules, head->url, head->method);
  if (!record) {
    co_await refuse(client, record.error());
    co_return;
  }
  // Of a tunnel, too: each name that is asked for tells something.
  Result<void> outcome = spend(state->up_left, head->head_bytes);
  if (!outcome)
    co_await refuse(client, outcome.error());
  else if (head->is_connect)
    outcome = co_await tunnel(state, client, head->url, std::move(received->rest), *record);
  else
    outcome = co_await forward(state, client, std::move(*head), std::move(received->rest), *record);
  (void)co_await state->core->finish(*record, outcome);
}

async::Task<void> serve_counted(State state, std::shared_ptr<ByteStream> client) {
  ++state->open;
  co_await serve(state, std::move(client));
  --state->open;
}

async::Task<void> accept_all(State state) {
  const auto listener = state->listener;
  while (!state->closed) {
    auto client = co_await listener->accept();
    if (!client && client.error().code != ErrorCode::kOverloaded) co_return;
    if (!client) {
      const auto rested = co_await async::sleep(state->core->loop, std::chrono::milliseconds(50));
      if (!rested) co_return;
      continue;
    }
    if (state->open >= kMostConnections) {
      (*client)->close();
      continue;
    }
    state->core->tasks.spawn("proxy connection", serve_counted(state, std::move(*client)));
  }
}

class RealProxySocket final : public ProxySocket {
 public:
  RealProxySocket(State state, std::string directory, std::string name)
      : state_(std::move(state)),
        directory_(std::move(directory)),
        name_(std::move(name)),
        path_(directory_ + "/" + name_) {}
  ~RealProxySocket() override {
    state_->closed = true;
    state_->listener->close();
    const auto streams = state_->streams;
    for (const auto& stream : streams) stream->close();
    const auto path = platform::SocketPath::make(directory_, name_);
    if (path) ::unlink(path->address().c_str());
  }
  RealProxySocket(const RealProxySocket&) = delete;
  RealProxySocket& operator=(const RealProxySocket&) = delete;
  const std::string& path() const override { return path_; }

 private:
  State state_;
  std::string directory_, name_, path_;
};

Result<int> bind_socket(const std::string& directory, const std::string& name) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(platform::system_error("make " + directory, errno));
  PRYX_TRY(const platform::SocketPath path, platform::SocketPath::make(directory, name));
  platform::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(platform::system_error("make a proxy socket", errno));
  ::unlink(path.address().c_str());  // of a daemon that died
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.address().copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.address().c_str(), 0600) != 0 ||
      ::listen(fd.get(), static_cast<int>(kMostConnections)) != 0)
    return fail(platform::system_error("listen on the proxy socket " + name, errno));
  return fd.release();
}

}  // namespace

Result<std::unique_ptr<ProxySocket>> open_proxy_socket(const std::shared_ptr<BrokerCore>& core, Sender sender,
                                                       HostRules rules, Limits limits) {
  if (core->stopping) return fail(ErrorCode::kCancelled, "the daemon is stopping");
  if (core->options.socket_directory.empty())
    return fail(ErrorCode::kUnsupported, "there is no directory for proxy sockets");
  const std::string name = fmt::format("p{}.sock", core->next_proxy++);
  PRYX_TRY(const int fd, bind_socket(core->options.socket_directory, name));
  const auto state = std::make_shared<ProxyState>(core, std::move(sender), std::move(rules), limits);
  state->listener = core->hub.listen(fd);
  auto handle = std::make_unique<RealProxySocket>(state, core->options.socket_directory, name);
  core->tasks.spawn("proxy", accept_all(state));
  return handle;
}

}  // namespace pryx::egress
