// SPDX-License-Identifier: MIT
// Gathers streamed text and says when to send it: the first piece at once, later ones after 33 ms or 4 KiB.
// Pure; time is passed in.
#pragma once
#include <string>

#include "foundation/base/clock.h"

namespace pryx::agent {

class DeltaBuffer {
 public:
  static constexpr Duration kInterval =
      std::chrono::milliseconds(33);  // 30 frames a second: more cannot be read
  static constexpr std::size_t kBytes = 4096;

  struct Piece {
    std::size_t offset = 0;
    std::string text;
  };

  // True when a piece should be taken now.
  bool add(std::string_view text, MonotonicTime now) {
    all_ += text;
    return is_due(now);
  }
  [[nodiscard]] bool is_due(MonotonicTime now) const {
    return has_pending() && (sent_ == 0 || all_.size() - sent_ >= kBytes || now - last_ >= kInterval);
  }
  [[nodiscard]] bool has_pending() const { return sent_ < all_.size(); }
  [[nodiscard]] Piece take(MonotonicTime now) {
    Piece piece{sent_, all_.substr(sent_)};
    sent_ = all_.size();
    last_ = now;
    return piece;
  }
  [[nodiscard]] const std::string& all() const { return all_; }
  [[nodiscard]] bool empty() const { return all_.empty(); }

 private:
  std::string all_;
  std::size_t sent_ = 0;
  MonotonicTime last_{};
};

}  // namespace pryx::agent
