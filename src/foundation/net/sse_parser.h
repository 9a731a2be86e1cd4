// SPDX-License-Identifier: MIT
// SseParser: bytes of a text/event-stream to events, in pieces of any size. Follows the WHATWG algorithm;
// bounded. Both directions of the house read with it: answers of model providers, and the daemon's own events
// in the client. Pure; one owner.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::net {

struct SseEvent {
  std::string event;  // empty means "message"
  std::string data;   // lines joined by '\n'
  std::string id;     // the last id seen so far
  std::optional<std::int64_t> retry_ms;
  bool operator==(const SseEvent&) const = default;
};

class SseParser {
 public:
  explicit SseParser(std::size_t max_event_bytes = std::size_t{1} << 20)
      : max_event_bytes_(max_event_bytes) {}

  // Appends the events that these bytes complete. kTooLarge when one event or line is over the limit: the
  // stream is lost then.
  [[nodiscard]] Result<void> feed(std::string_view bytes, std::vector<SseEvent>& out);
  // What an ended stream left half-done is dropped, as the standard says.
  [[nodiscard]] const std::string& last_id() const { return event_.id; }  // what Last-Event-ID repeats

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& out);

  std::size_t max_event_bytes_;
  std::string line_;  // the unfinished line
  SseEvent event_;
  bool has_data_ = false;
  bool at_start_ = true;   // a byte order mark may follow
  bool after_cr_ = false;  // a line feed that follows belongs to the last line end
};

}  // namespace pryx::net
