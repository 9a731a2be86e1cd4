// SPDX-License-Identifier: MIT
// Server-sent events, from bytes to events. Bounded: an event over the limit is an error, never memory. Pure;
// one owner.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::client {

struct ServerEvent {
  std::string name = "message";
  std::string id;    // of the last event that carried one: what Last-Event-ID repeats
  std::string data;  // the lines joined by \n
};

class SseParser {
 public:
  explicit SseParser(std::size_t max_event_bytes = 16u << 20) : max_event_bytes_(max_event_bytes) {}

  // Appends every event that these bytes complete.
  [[nodiscard]] Result<void> feed(std::string_view bytes, std::vector<ServerEvent>& out);
  [[nodiscard]] const std::string& last_id() const { return last_id_; }

 private:
  void take_line(std::string_view line, std::vector<ServerEvent>& out);

  std::size_t max_event_bytes_;
  std::string line_;
  bool after_cr_ = false;  // a line ended in CR: an LF that follows belongs to it
  bool at_start_ = true;   // a byte order mark may come
  std::string name_;
  std::string data_;
  bool has_data_ = false;
  std::string last_id_;
};

}  // namespace pryx::client
