// SPDX-License-Identifier: MIT
// One open WebSocket: reads a few messages ahead, so that pings are answered and a disconnect is noticed
// while the owner is busy, and queues what is sent. Owned by ServerCore until it is closed; handlers hold it
// through a handle that closes it when dropped.
#pragma once
#include <deque>
#include <list>
#include <memory>
#include <string>

#include "foundation/net/internal/server_core.h"

namespace pryx::net::internal {

class WebSocketSession final : public std::enable_shared_from_this<WebSocketSession> {
 public:
  WebSocketSession(ServerCore& core, Socket socket, std::move_only_function<void()> on_gone);
  ~WebSocketSession();
  WebSocketSession(const WebSocketSession&) = delete;
  WebSocketSession& operator=(const WebSocketSession&) = delete;

  [[nodiscard]] async::Task<Result<void>> accept(const Request& request);
  [[nodiscard]] async::Task<Result<std::string>> read();
  bool send(std::shared_ptr<const std::string> text);
  [[nodiscard]] async::Task<Result<void>> wait_writable();
  void close(std::uint16_t code, std::string reason);
  void abort();  // at once, without a closing handshake
  [[nodiscard]] bool is_open() const { return is_open_ && !is_closing_; }

  [[nodiscard]] static std::shared_ptr<WebSocket> make_handle(std::shared_ptr<WebSocketSession> session);

  std::list<std::shared_ptr<WebSocketSession>>::iterator place;  // in ServerCore::sessions
  bool is_listed = false;
  PeerTable::Slot slot;  // given back when it is forgotten

 private:
  struct Stream;

  void start_read();
  void on_read(bool failed);
  [[nodiscard]] std::size_t cost_of(const std::string& text) const;
  [[nodiscard]] bool has_room() const;
  void start_write();
  void on_written(bool failed);
  void watch_write();
  void on_peer_close();
  void begin_closing();
  void start_close();

  ServerCore& core_;
  std::unique_ptr<Stream> stream_;
  std::move_only_function<void()> on_gone_;
  BufferCharge charge_;
  async::WaitList readable_;
  async::WaitList writable_;
  async::OneShot<bool> accepted_;
  std::deque<std::string> inbox_;
  std::size_t inbox_bytes_ = 0;
  std::deque<std::shared_ptr<const std::string>> outbox_;
  std::size_t outbox_bytes_ = 0;  // by cost_of
  MonotonicTime write_started_;
  async::EventLoop::TimerId write_timer_ = 0;
  async::EventLoop::TimerId close_timer_ = 0;
  std::string close_reason_;
  std::uint16_t close_code_ = 0;
  bool is_open_ = true;
  bool is_closing_ = false;  // a close was asked for; nothing more is taken or given
  bool is_close_sent_ = false;
  bool is_reading_ = false;
  bool is_writing_ = false;
};

}  // namespace pryx::net::internal
