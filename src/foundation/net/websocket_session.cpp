// SPDX-License-Identifier: MIT
#include "foundation/net/internal/websocket_session.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "foundation/base/text.h"

namespace pryx::net::internal {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using namespace std::chrono_literals;

namespace {
constexpr std::size_t kReadPiece = 64u << 10;
constexpr std::size_t kKeptReadCapacity = 4u << 10;  // a bigger buffer is given back after its message
constexpr std::size_t kMaxInboxMessages = 32;        // read ahead of the owner
constexpr std::size_t kMaxInboxBytes = 256u << 10;
constexpr Duration kCloseTime = 2s;           // for the peer to answer a close frame
constexpr std::size_t kMaxCloseReason = 123;  // a control frame has 125 bytes

// Beast pings at half of idle_timeout, and what comes counts as life, whatever it is.
websocket::stream_base::timeout make_timeouts(Duration idle) {
  return {.handshake_timeout = 5s, .idle_timeout = idle, .keep_alive_pings = true};
}
}  // namespace

struct WebSocketSession::Stream {
  explicit Stream(Socket socket) : websocket(std::move(socket)) {}
  websocket::stream<Socket, false> websocket;  // false: no compression, whose memory a peer would control
  beast::flat_buffer buffer;
};

WebSocketSession::WebSocketSession(ServerCore& core, Socket socket, std::move_only_function<void()> on_gone)
    : core_(core),
      stream_(std::make_unique<Stream>(std::move(socket))),
      on_gone_(std::move(on_gone)),
      charge_(core),
      readable_(core.loop),
      writable_(core.loop),
      accepted_(core.loop) {
  auto& ws = stream_->websocket;
  ws.set_option(make_timeouts(core.limits.websocket_idle_timeout));
  ws.read_message_max(core.limits.max_body_bytes);
  ws.auto_fragment(false);
  ws.text(true);
  ws.control_callback([this](websocket::frame_type kind, beast::string_view) {
    if (kind == websocket::frame_type::close) on_peer_close();
  });
}

WebSocketSession::~WebSocketSession() = default;

async::Task<Result<void>> WebSocketSession::accept(const Request& request) {
  beast::http::request<beast::http::empty_body> upgrade;
  upgrade.version(11);
  upgrade.method(beast::http::verb::get);
  upgrade.target("/");
  for (const auto& [name, value] : request.headers.all()) upgrade.insert(name, value);
  stream_->websocket.async_accept(upgrade, [self = shared_from_this()](const beast::error_code& error) {
    if (error) self->abort();
    self->accepted_.set(!error);
  });
  const Result<bool> done = co_await accepted_.wait();
  if (!done) {
    abort();
    co_return fail(ErrorCode::kCancelled, "cancelled during the WebSocket upgrade");
  }
  if (!*done) co_return fail(ErrorCode::kUnavailable, "the WebSocket upgrade failed");
  start_read();
  co_return Result<void>{};
}

// --- reading
// ----------------------------------------------------------------------------------------------------------------------

async::Task<Result<std::string>> WebSocketSession::read() {
  for (;;) {
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return fail(ErrorCode::kCancelled, "cancelled while reading a WebSocket");
    if (!inbox_.empty()) {
      std::string message = std::move(inbox_.front());
      inbox_.pop_front();
      inbox_bytes_ -= message.size();
      if (is_open_) charge_.set(inbox_bytes_ + stream_->buffer.size());
      start_read();
      co_return message;
    }
    if (!is_open()) co_return fail(ErrorCode::kUnavailable, "the WebSocket is closed");
    co_await readable_.wait();
  }
}

void WebSocketSession::start_read() {
  if (is_reading_ || !is_open()) return;
  if (inbox_.size() >= kMaxInboxMessages || inbox_bytes_ >= kMaxInboxBytes) return;
  is_reading_ = true;
  stream_->websocket.async_read_some(
      stream_->buffer, kReadPiece, [self = shared_from_this()](const beast::error_code& error, std::size_t) {
        self->is_reading_ = false;
        self->on_read(static_cast<bool>(error));
      });
}

void WebSocketSession::on_read(bool failed) {
  if (!is_open_) return;
  if (failed) return abort();
  if (is_closing_) return;
  auto& buffer = stream_->buffer;
  if (!stream_->websocket.got_text()) return close(websocket::close_code::unknown_data, "text messages only");
  if (!charge_.set(inbox_bytes_ + buffer.size()))
    return close(websocket::close_code::try_again_later, "the server is busy");
  if (stream_->websocket.is_message_done()) {
    inbox_.emplace_back(static_cast<const char*>(buffer.cdata().data()), buffer.size());
    inbox_bytes_ += buffer.size();
    buffer.consume(buffer.size());
    if (buffer.capacity() > kKeptReadCapacity) buffer.shrink_to_fit();
    readable_.wake_one();
  }
  start_read();
}

// --- writing
// ----------------------------------------------------------------------------------------------------------------------

// A single message may be larger than the limit; a queue that does not move may not. A large message counts
// as a quarter of it: with its whole size it would drop every peer together with the message before or after
// it, and again at each replay.
std::size_t WebSocketSession::cost_of(const std::string& text) const {
  return std::min(text.size(), core_.limits.max_socket_backlog_bytes / 4);
}

bool WebSocketSession::send(std::shared_ptr<const std::string> text) {
  if (!is_open()) return false;
  if (!outbox_.empty() && outbox_bytes_ + cost_of(*text) > core_.limits.max_socket_backlog_bytes) {
    ++core_.refused;
    abort();
    return false;
  }
  outbox_bytes_ += cost_of(*text);
  outbox_.push_back(std::move(text));
  start_write();
  return is_open();
}

// Half of the queue is left to those who do not wait: answers to requests, and what is live.
bool WebSocketSession::has_room() const { return outbox_bytes_ <= core_.limits.max_socket_backlog_bytes / 2; }

async::Task<Result<void>> WebSocketSession::wait_writable() {
  for (;;) {
    const bool cancelled = co_await async::is_cancelled();
    if (cancelled) co_return fail(ErrorCode::kCancelled, "cancelled while writing a WebSocket");
    if (!is_open()) co_return fail(ErrorCode::kUnavailable, "the WebSocket is closed");
    if (has_room()) co_return Result<void>{};
    co_await writable_.wait();
  }
}

void WebSocketSession::start_write() {
  if (is_writing_ || !is_open_) return;
  if (outbox_.empty()) {
    if (is_closing_) start_close();
    return;
  }
  is_writing_ = true;
  write_started_ = core_.now();
  if (write_timer_ == 0) watch_write();
  stream_->websocket.async_write(asio::buffer(*outbox_.front()),
                                 [self = shared_from_this()](const beast::error_code& error, std::size_t) {
                                   self->is_writing_ = false;
                                   self->on_written(static_cast<bool>(error));
                                 });
}

void WebSocketSession::on_written(bool failed) {
  if (!is_open_) return;
  if (failed) return abort();
  outbox_bytes_ -= cost_of(*outbox_.front());
  outbox_.pop_front();
  if (has_room()) writable_.wake_all();
  start_write();
}

// One timer for a run of writes: it looks when the current one began.
void WebSocketSession::watch_write() {
  const Duration left = core_.limits.write_timeout - (core_.now() - write_started_);
  write_timer_ = core_.loop.call_after(std::max<Duration>(left, 1ms), [this] {
    write_timer_ = 0;
    if (!is_writing_) return;
    if (core_.now() - write_started_ >= core_.limits.write_timeout) return abort();
    watch_write();
  });
}

// --- closing
// ----------------------------------------------------------------------------------------------------------------------

void WebSocketSession::close(std::uint16_t code, std::string reason) {
  if (!is_open()) return;
  close_code_ = code;
  close_reason_ = utf8_prefix(reason, kMaxCloseReason);
  begin_closing();
  start_write();
}

// Beast answers the close frame and waits for the peer to hang up; that it may not do for ever.
void WebSocketSession::on_peer_close() {
  if (!is_open()) return;
  is_close_sent_ = true;
  begin_closing();
}

void WebSocketSession::begin_closing() {
  is_closing_ = true;
  readable_.wake_all();
  writable_.wake_all();
  close_timer_ = core_.loop.call_after(kCloseTime, [this] {
    close_timer_ = 0;
    abort();
  });
}

void WebSocketSession::start_close() {
  if (is_close_sent_) return;
  is_close_sent_ = true;
  const websocket::close_reason reason(static_cast<websocket::close_code>(close_code_),
                                       beast::string_view(close_reason_));
  stream_->websocket.async_close(reason,
                                 [self = shared_from_this()](const beast::error_code&) { self->abort(); });
}

void WebSocketSession::abort() {
  if (!is_open_) return;
  const auto self = shared_from_this();
  is_open_ = false;
  if (write_timer_ != 0) core_.loop.cancel_timer(std::exchange(write_timer_, 0));
  if (close_timer_ != 0) core_.loop.cancel_timer(std::exchange(close_timer_, 0));
  boost::system::error_code ignored;
  stream_->websocket.next_layer().close(ignored);
  charge_.set(0);
  readable_.wake_all();
  writable_.wake_all();
  if (on_gone_) std::exchange(on_gone_, nullptr)();
  core_.forget(*this);
}

// --- handle
// -----------------------------------------------------------------------------------------------------------------------

namespace {
class WebSocketHandle final : public WebSocket {
 public:
  explicit WebSocketHandle(std::shared_ptr<WebSocketSession> session) : session_(std::move(session)) {}
  ~WebSocketHandle() override { session_->close(websocket::close_code::normal, ""); }
  WebSocketHandle(const WebSocketHandle&) = delete;
  WebSocketHandle& operator=(const WebSocketHandle&) = delete;
  [[nodiscard]] async::Task<Result<std::string>> read() override { return session_->read(); }
  bool send(std::shared_ptr<const std::string> text) override { return session_->send(std::move(text)); }
  [[nodiscard]] async::Task<Result<void>> wait_writable() override { return session_->wait_writable(); }
  void close(std::uint16_t code, std::string reason) override { session_->close(code, std::move(reason)); }
  [[nodiscard]] bool is_open() const override { return session_->is_open(); }

 private:
  std::shared_ptr<WebSocketSession> session_;
};
}  // namespace

std::shared_ptr<WebSocket> WebSocketSession::make_handle(std::shared_ptr<WebSocketSession> session) {
  return std::make_shared<WebSocketHandle>(std::move(session));
}

}  // namespace pryx::net::internal
