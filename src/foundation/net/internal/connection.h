// SPDX-License-Identifier: MIT
// One accepted socket and the request that it carries. Reading is a state machine of callbacks, because an
// idle peer must cost neither a coroutine nor a buffer; answering is a coroutine of the handler. Owned by
// ServerCore, and by its handler while one runs.
#pragma once
#include <array>
#include <list>
#include <memory>
#include <string>

#include "foundation/net/internal/server_core.h"
#include "foundation/net/request_reader.h"

struct iovec;

namespace pryx::net::internal {

class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerCore& core, Socket socket, Peer peer);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void close();       // at once, whatever is under way
  void begin_stop();  // closes unless a handler runs; that one is cancelled by its group

  [[nodiscard]] const Request& request() const override { return request_; }
  [[nodiscard]] async::Task<Result<void>> respond(Response response) override;
  [[nodiscard]] async::Task<Result<void>> start_stream(int status, Headers headers) override;
  [[nodiscard]] async::Task<Result<void>> write(std::string bytes) override;
  [[nodiscard]] async::Task<Result<void>> finish() override;
  [[nodiscard]] async::Task<Result<std::shared_ptr<WebSocket>>> accept_websocket() override;
  [[nodiscard]] bool is_peer_gone() const override { return peer_gone_; }
  void on_disconnect(std::function<void()> callback) override;

  std::list<std::shared_ptr<Connection>>::iterator place;  // in ServerCore::connections
  bool is_listed = false;
  PeerTable::Slot slot;  // given back when it is forgotten, or passed on to its WebSocket

 private:
  enum class State : std::uint8_t { kReading, kHandling, kFlushing, kDraining, kUpgraded, kClosed };
  enum class Answer : std::uint8_t { kNone, kStreaming, kComplete, kWebSocket };
  enum class Limit : std::uint8_t { kNone, kIdle, kHeader, kBody, kFlush, kDrain };
  enum class Sent : std::uint8_t { kAll, kPart, kFailed };
  // Up to three pieces that leave in one system call: head, body, chunk end.
  struct Pieces {
    std::array<std::string_view, 3> parts;
    [[nodiscard]] bool empty() const { return parts[0].empty() && parts[1].empty() && parts[2].empty(); }
    void drop(std::size_t bytes);
  };

  // Reading (connection.cpp).
  void wait_readable();
  void on_readable(bool failed);
  void on_end_of_input();
  void process_input(std::string_view& bytes);
  void keep_for_later(std::string_view bytes);
  void wait_readable_ahead();
  bool recharge();  // false when the server holds too many request bytes
  bool screen_request();
  void start_handler();
  void spawn_handler();
  static async::Task<void> run_handler(std::shared_ptr<Connection> self);
  void end_exchange();
  void process_pending();

  // Refusing without a handler (connection.cpp).
  void refuse(int status, std::string_view detail);
  void send_last(Response response);
  void flush_last();
  void drain();

  // Time limits (connection.cpp).
  void set_limit(Limit limit, Duration after);
  void clear_limit() { limit_ = Limit::kNone; }
  void arm_timer();
  void on_timer();

  // Answering (connection_exchange.cpp).
  [[nodiscard]] Sent try_send(Pieces& pieces);
  void wait_writable();
  void on_writable();
  [[nodiscard]] async::Task<Result<void>> send_all(Pieces pieces);
  [[nodiscard]] Result<void> check_answerable(std::string_view what) const;
  [[nodiscard]] bool is_head_request() const { return request_.method == "HEAD"; }
  void note_peer_gone();

  ServerCore& core_;
  Socket socket_;
  Peer peer_;
  RequestReader reader_;
  Request request_;
  BufferCharge charge_;
  std::string pending_;  // bytes of later requests that came while a handler runs
  std::size_t pending_at_ = 0;
  std::string last_;               // the rest of an answer that no handler writes
  std::size_t request_bytes_ = 0;  // of the request being answered
  std::size_t drained_ = 0;
  async::WaitList writable_;
  std::function<void()> on_disconnect_;
  MonotonicTime deadline_;
  MonotonicTime timer_at_;
  async::EventLoop::TimerId timer_ = 0;
  std::uint64_t exchange_ = 0;  // counts the requests of this connection
  State state_ = State::kReading;
  Answer answer_ = Answer::kNone;
  Limit limit_ = Limit::kNone;
  bool is_reading_ = false;  // a wait for input is under way
  bool is_writing_ = false;  // a wait for room is under way
  bool has_handler_ = false;
  bool end_of_input_ = false;
  bool peer_gone_ = false;
  bool keep_alive_ = true;
  bool is_chunked_ = false;
  bool is_body_hidden_ = false;  // the answer has no body on the wire: HEAD, 204, 304
  bool continue_sent_ = false;
};

}  // namespace pryx::net::internal
