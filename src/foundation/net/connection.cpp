// SPDX-License-Identifier: MIT
#include "foundation/net/internal/connection.h"

#include <sys/socket.h>

#include <string.h>

#include <cerrno>

#include "foundation/base/log.h"
#include "foundation/net/internal/response_format.h"

namespace pryx::net::internal {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {
constexpr std::size_t kMaxPipelinedBytes =
    64u << 10;  // read ahead of the running handler; more waits in the kernel
constexpr std::size_t kMaxDrainedBytes =
    1u << 20;  // thrown away after a refusal, so that the answer is not lost to a reset
constexpr Duration kDrainTime = 1s;
constexpr Duration kFlushTime = 5s;  // for the few hundred bytes of a refusal
}  // namespace

Connection::Connection(ServerCore& core, Socket socket, Peer peer)
    : core_(core),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      reader_(
          {core.limits.max_header_bytes, RequestReader::Limits().header_count, core.limits.max_body_bytes}),
      charge_(core),
      writable_(core.loop) {}

Connection::~Connection() = default;

void Connection::start() {
  set_limit(Limit::kIdle, core_.limits.idle_timeout);
  wait_readable();
}

void Connection::close() {
  if (state_ == State::kClosed || state_ == State::kUpgraded) return;
  const auto self = shared_from_this();
  state_ = State::kClosed;
  if (timer_ != 0) core_.loop.cancel_timer(std::exchange(timer_, 0));
  boost::system::error_code ignored;
  socket_.close(ignored);
  note_peer_gone();
  writable_.wake_all();
  // What a running handler still looks at stays counted until it ends.
  if (!has_handler_) charge_.set(0);
  core_.forget(*this);
}

void Connection::begin_stop() {
  if (state_ != State::kHandling) close();
}

// --- reading
// ----------------------------------------------------------------------------------------------------------------------

void Connection::wait_readable() {
  if (is_reading_ || end_of_input_ || state_ == State::kClosed || state_ == State::kUpgraded) return;
  is_reading_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    self->is_reading_ = false;
    self->on_readable(static_cast<bool>(error));
  });
}

void Connection::on_readable(bool failed) {
  if (state_ == State::kClosed || state_ == State::kUpgraded) return;
  if (failed) return close();
  const ssize_t count =
      ::recv(socket_.native_handle(), core_.scratch.data(), core_.scratch.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return wait_readable();
  if (count <= 0) return on_end_of_input();
  std::string_view bytes(core_.scratch.data(), static_cast<std::size_t>(count));
  // The buffer is everybody's and stays: what one request said (a key, a passphrase) must not lie in it until
  // the next.
  const struct Wipe {
    std::span<char> used;
    ~Wipe() { ::explicit_bzero(used.data(), used.size()); }
  } wipe{std::span(core_.scratch).first(bytes.size())};
  switch (state_) {
    case State::kReading:
      process_input(bytes);
      if (state_ == State::kHandling && !bytes.empty()) keep_for_later(bytes);
      break;
    case State::kHandling:
      keep_for_later(bytes);
      break;
    case State::kFlushing:
    case State::kDraining:
      drained_ += bytes.size();
      if (drained_ > kMaxDrainedBytes) return close();
      wait_readable();
      break;
    default:
      break;
  }
}

void Connection::on_end_of_input() {
  end_of_input_ = true;
  if (state_ == State::kHandling) return note_peer_gone();
  close();
}

void Connection::keep_for_later(std::string_view bytes) {
  pending_.erase(0, std::exchange(pending_at_, 0));
  pending_.append(bytes);
  recharge();
  wait_readable_ahead();
}

// Without a pending read a disconnect shows only when writing; a peer that sends so far ahead accepts that.
void Connection::wait_readable_ahead() {
  if (pending_.size() - pending_at_ < kMaxPipelinedBytes) wait_readable();
}

bool Connection::recharge() {
  const std::size_t current = state_ == State::kHandling ? request_bytes_ : reader_.held_bytes();
  return charge_.set(current + pending_.size() - pending_at_);
}

// Runs with the bytes just read or kept; stops when a handler starts, and leaves what follows its request in
// `bytes`.
void Connection::process_input(std::string_view& bytes) {
  for (;;) {
    const RequestReader::Event event = reader_.feed(bytes);
    if (event == RequestReader::Event::kError) return refuse(reader_.error_status(), reader_.error_detail());
    if (!recharge()) {
      return refuse(503, "the server holds too many request bytes; try again later");
    }
    if (event == RequestReader::Event::kHead) {
      if (!screen_request()) return;
      continue;
    }
    if (event == RequestReader::Event::kComplete) return start_handler();
    break;
  }
  if (end_of_input_) return close();
  if (!reader_.is_head_complete()) {
    if (reader_.is_started() && limit_ != Limit::kHeader)
      set_limit(Limit::kHeader, core_.limits.header_timeout);
  } else {
    if (limit_ != Limit::kBody) set_limit(Limit::kBody, core_.limits.body_timeout);
    if (reader_.expects_continue() && !continue_sent_ && reader_.request().body.empty()) {
      continue_sent_ = true;
      Pieces interim{{"HTTP/1.1 100 Continue\r\n\r\n", {}, {}}};
      if (try_send(interim) != Sent::kAll) return close();
    }
  }
  wait_readable();
}

bool Connection::screen_request() {
  Request& head = reader_.request();
  head.peer = peer_;
  keep_alive_ = reader_.wants_keep_alive();
  if (!slot.take_request(core_.now())) {
    refuse(429, "too many requests from this address; wait a little and ask again");
    return false;
  }
  std::optional<Response> veto = core_.handler.screen(head);
  if (!veto) {
    if (!reader_.may_have_long_body()) return true;
    if (const auto limit = core_.handler.body_limit(head)) reader_.set_body_limit(*limit);
    return true;
  }
  ++core_.refused;
  is_body_hidden_ = head.method == "HEAD";
  send_last(std::move(*veto));
  return false;
}

void Connection::start_handler() {
  clear_limit();
  state_ = State::kHandling;
  answer_ = Answer::kNone;
  is_body_hidden_ = false;
  ++exchange_;
  ++core_.requests;
  is_chunked_ = reader_.is_http11();
  request_bytes_ = reader_.held_bytes();
  request_ = std::move(reader_.request());
  wait_readable_ahead();  // a peer that goes away must be noticed while the handler works
  // From the loop, because a spawned task may run at once: it would end this exchange while its input is
  // still being sorted.
  core_.loop.post([self = shared_from_this()] { self->spawn_handler(); });
}

void Connection::spawn_handler() {
  if (state_ != State::kHandling) return;  // closed in between, so that the server itself may be gone
  has_handler_ = core_.tasks.spawn("http.request", run_handler(shared_from_this())) != 0;
  if (!has_handler_) close();
}

async::Task<void> Connection::run_handler(std::shared_ptr<Connection> self) {
  std::string bug;
  try {
    co_await self->core_.handler.handle(*self);
  } catch (const std::exception& error) {
    bug = error.what();
  }
  if (!bug.empty()) log::error("http.handler_failed", {{"path", self->request_.path}, {"what", bug}});
  if (self->answer_ == Answer::kNone) {
    const bool cancelled = co_await async::is_cancelled();
    self->keep_alive_ = false;
    const std::string& path = self->request_.path;
    Response response = self->core_.handler.refuse(
        cancelled ? make_refusal(503, "the server is stopping", path)
                  : make_refusal(500, "the request ended without an answer", path));
    const auto sent = co_await self->respond(std::move(response));
    if (!sent) self->close();
  }
  // A stream that was not finished must not look complete to the peer.
  if (self->answer_ == Answer::kStreaming) self->close();
  self->end_exchange();
}

void Connection::end_exchange() {
  ++exchange_;
  has_handler_ = false;
  on_disconnect_ = nullptr;
  request_ = Request();
  reader_.reset();
  continue_sent_ = false;
  if (state_ != State::kHandling) {
    charge_.set(0);
    return;
  }
  state_ = State::kReading;
  if (core_.stopping) return close();
  if (!keep_alive_) {
    if (pending_.empty()) return close();
    return drain();
  }
  process_pending();
}

void Connection::process_pending() {
  set_limit(Limit::kIdle, core_.limits.idle_timeout);
  if (pending_.empty()) {
    charge_.set(0);
    if (end_of_input_) return close();
    return wait_readable();
  }
  std::string_view rest = std::string_view(pending_).substr(pending_at_);
  process_input(rest);
  if (state_ != State::kReading && state_ != State::kHandling) return;
  pending_at_ = pending_.size() - rest.size();
  if (rest.empty()) {
    pending_ = std::string();
    pending_at_ = 0;
  }
  recharge();
}

// --- refusing
// ---------------------------------------------------------------------------------------------------------------------

void Connection::refuse(int status, std::string_view detail) {
  ++core_.refused;
  is_body_hidden_ = reader_.is_head_complete() && reader_.request().method == "HEAD";
  send_last(core_.handler.refuse(make_refusal(status, detail, reader_.request().path)));
}

void Connection::send_last(Response response) {
  state_ = State::kFlushing;
  last_ = format_head(response.status, response.headers,
                      {.body_bytes = response.body.size(), .close = true, .date = core_.date()});
  if (!is_body_hidden_ && status_has_body(response.status)) last_ += response.body;
  reader_.reset();
  charge_.set(last_.size());
  set_limit(Limit::kFlush, kFlushTime);
  wait_readable();
  flush_last();
}

void Connection::flush_last() {
  Pieces pieces{{last_, {}, {}}};
  const Sent sent = try_send(pieces);
  last_ = std::string(pieces.parts[0]);
  if (sent == Sent::kFailed) return close();
  if (sent == Sent::kPart) return wait_writable();
  drain();
}

void Connection::drain() {
  state_ = State::kDraining;
  pending_ = std::string();
  pending_at_ = 0;
  charge_.set(0);
  if (end_of_input_) return close();
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  set_limit(Limit::kDrain, kDrainTime);
  wait_readable();
}

// --- time limits
// ------------------------------------------------------------------------------------------------------------------

// Limits move with every request, the loop's timer does not: it is armed for the earliest one and looks again
// when it fires.
void Connection::set_limit(Limit limit, Duration after) {
  limit_ = limit;
  deadline_ = core_.now() + after;
  if (timer_ != 0 && timer_at_ <= deadline_) return;
  if (timer_ != 0) core_.loop.cancel_timer(timer_);
  arm_timer();
}

void Connection::arm_timer() {
  timer_at_ = deadline_;
  timer_ = core_.loop.call_after(deadline_ - core_.now(), [this] {
    timer_ = 0;
    on_timer();
  });
}

void Connection::on_timer() {
  if (limit_ == Limit::kNone) return;
  if (core_.now() < deadline_) return arm_timer();
  switch (limit_) {
    case Limit::kHeader:
      return refuse(408, "the request header did not arrive in time");
    case Limit::kBody:
      return refuse(408, "the request body did not arrive in time");
    default:
      return close();
  }
}

}  // namespace pryx::net::internal
