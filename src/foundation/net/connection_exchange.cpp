// SPDX-License-Identifier: MIT
// The half of Connection that a handler sees: writing answers and noticing that the peer went away.
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "foundation/net/internal/connection.h"
#include "foundation/net/internal/response_format.h"
#include "foundation/net/internal/websocket_session.h"

namespace pryx::net::internal {

namespace {
bool asks_to_close(const Headers& headers) {
  const auto value = headers.find("Connection");
  return value && (*value == "close" || *value == "Close");
}
}  // namespace

void Connection::Pieces::drop(std::size_t bytes) {
  for (std::string_view& part : parts) {
    const std::size_t taken = std::min(bytes, part.size());
    part.remove_prefix(taken);
    bytes -= taken;
  }
}

Connection::Sent Connection::try_send(Pieces& pieces) {
  if (state_ == State::kClosed) return Sent::kFailed;
  while (!pieces.empty()) {
    std::array<iovec, 3> vectors{};
    std::size_t used = 0;
    for (const std::string_view part : pieces.parts) {
      if (!part.empty()) vectors[used++] = {const_cast<char*>(part.data()), part.size()};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = used;
    const ssize_t count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::kPart : Sent::kFailed;
    pieces.drop(static_cast<std::size_t>(count));
  }
  return Sent::kAll;
}

void Connection::wait_writable() {
  if (is_writing_ || state_ == State::kClosed) return;
  is_writing_ = true;
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const boost::system::error_code&) {
    self->is_writing_ = false;
    self->on_writable();
  });
}

void Connection::on_writable() {
  if (state_ == State::kFlushing) return flush_last();
  writable_.wake_all();
}

// Waits only when the kernel takes no more. An answer that is cut off makes the connection useless, so it is
// closed.
async::Task<Result<void>> Connection::send_all(Pieces pieces) {
  for (;;) {
    const Sent sent = try_send(pieces);
    if (sent == Sent::kAll) co_return Result<void>{};
    if (sent == Sent::kFailed) {
      close();
      co_return fail(ErrorCode::kUnavailable, "the peer is gone");
    }
    wait_writable();
    const async::WaitEnd end = co_await writable_.wait_for(core_.limits.write_timeout);
    if (end == async::WaitEnd::kCancelled) {
      close();
      co_return fail(ErrorCode::kCancelled, "cancelled while the peer was slow to read");
    }
    if (end == async::WaitEnd::kTimeout) {
      close();
      co_return fail(ErrorCode::kTimeout, "the peer read nothing for {}",
                     format_duration(core_.limits.write_timeout));
    }
  }
}

Result<void> Connection::check_answerable(std::string_view what) const {
  if (answer_ != Answer::kNone)
    return fail(ErrorCode::kInternal, "{} on a request that is already answered", what);
  if (state_ != State::kHandling) return fail(ErrorCode::kUnavailable, "the peer is gone");
  return {};
}

async::Task<Result<void>> Connection::respond(Response response) {
  PRYX_CO_TRY_VOID(check_answerable("respond"));
  answer_ = Answer::kComplete;
  if (asks_to_close(response.headers)) keep_alive_ = false;
  const bool hidden = is_head_request() || !status_has_body(response.status);
  const std::string head = format_head(
      response.status, response.headers,
      {.body_bytes = response.body.size(), .close = !keep_alive_ || core_.stopping, .date = core_.date()});
  const bool was_gone = peer_gone_;
  const Pieces pieces{{head, hidden ? std::string_view() : std::string_view(response.body), {}}};
  PRYX_CO_TRY_VOID(co_await send_all(pieces));
  // A peer that only closed its sending half reads this; nobody can tell it from one that left, so it is no
  // receipt.
  if (was_gone) co_return fail(ErrorCode::kUnavailable, "the peer closed its side before the answer");
  co_return Result<void>{};
}

async::Task<Result<void>> Connection::start_stream(int status, Headers headers) {
  PRYX_CO_TRY_VOID(check_answerable("start_stream"));
  answer_ = Answer::kStreaming;
  is_body_hidden_ = is_head_request() || !status_has_body(status);
  if (!is_chunked_) keep_alive_ = false;
  const std::string head =
      format_head(status, headers,
                  {.framing = is_chunked_ ? BodyFraming::kChunked : BodyFraming::kUntilClose,
                   .close = !keep_alive_ || core_.stopping,
                   .date = core_.date()});
  const Pieces pieces{{head, {}, {}}};
  co_return co_await send_all(pieces);
}

async::Task<Result<void>> Connection::write(std::string bytes) {
  if (answer_ != Answer::kStreaming)
    co_return fail(ErrorCode::kInternal, "write on a request without a stream");
  // Checked here too: a stream to a fast reader never waits and would not notice.
  const bool cancelled = co_await async::is_cancelled();
  if (cancelled) co_return fail(ErrorCode::kCancelled, "cancelled while streaming");
  if (peer_gone_) co_return fail(ErrorCode::kUnavailable, "the peer is gone");
  if (bytes.empty() || is_body_hidden_) co_return Result<void>{};
  std::string size;
  if (is_chunked_) size = fmt::format("{:x}\r\n", bytes.size());
  const Pieces pieces{{size, bytes, is_chunked_ ? "\r\n" : ""}};
  co_return co_await send_all(pieces);
}

async::Task<Result<void>> Connection::finish() {
  if (answer_ != Answer::kStreaming)
    co_return fail(ErrorCode::kInternal, "finish on a request without a stream");
  if (state_ != State::kHandling) co_return fail(ErrorCode::kUnavailable, "the peer is gone");
  answer_ = Answer::kComplete;
  const bool was_gone = peer_gone_;
  const Pieces last_chunk{{is_chunked_ && !is_body_hidden_ ? "0\r\n\r\n" : "", {}, {}}};
  PRYX_CO_TRY_VOID(co_await send_all(last_chunk));
  if (was_gone)
    co_return fail(ErrorCode::kUnavailable, "the peer closed its side before the end of the stream");
  co_return Result<void>{};
}

async::Task<Result<std::shared_ptr<WebSocket>>> Connection::accept_websocket() {
  PRYX_CO_TRY_VOID(check_answerable("accept_websocket"));
  if (!request_.wants_websocket)
    co_return fail(ErrorCode::kInvalidArgument, "the request is no WebSocket upgrade");
  const bool cancelled = co_await async::is_cancelled();
  if (cancelled) co_return fail(ErrorCode::kCancelled, "cancelled before the WebSocket upgrade");
  answer_ = Answer::kWebSocket;
  if (peer_gone_ || !pending_.empty()) {
    close();
    co_return fail(ErrorCode::kUnavailable, "the peer left or sent data before the WebSocket was open");
  }
  if (timer_ != 0) core_.loop.cancel_timer(std::exchange(timer_, 0));
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  state_ = State::kUpgraded;
  const auto session =
      std::make_shared<WebSocketSession>(core_, std::move(socket_), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->note_peer_gone();
      });
  session->slot = std::move(slot);
  core_.adopt(session);
  core_.forget(*this);
  PRYX_CO_TRY_VOID(co_await session->accept(request_));
  co_return WebSocketSession::make_handle(session);
}

// The callback runs from the loop and only while the exchange that set it is still being answered.
void Connection::note_peer_gone() {
  peer_gone_ = true;
  if (!on_disconnect_) return;
  core_.loop.post([weak = weak_from_this(), exchange = exchange_] {
    const auto self = weak.lock();
    if (!self || self->exchange_ != exchange || !self->on_disconnect_) return;
    const auto callback = std::exchange(self->on_disconnect_, nullptr);
    callback();
  });
}

void Connection::on_disconnect(std::function<void()> callback) {
  on_disconnect_ = std::move(callback);
  if (peer_gone_) note_peer_gone();
}

}  // namespace pryx::net::internal
