// SPDX-License-Identifier: MIT
#include "engine/tools/shell/output_keeper.h"

#include <fmt/format.h>

#include <algorithm>

namespace pryx::tools::shell {

void OutputKeeper::add(std::string_view bytes) {
  total_ += bytes.size();
  const std::size_t to_head = std::min(bytes.size(), head_bytes_ - head_.size());
  head_ += bytes.substr(0, to_head);
  bytes.remove_prefix(to_head);
  if (bytes.size() > tail_bytes_) {
    tail_.clear();
    bytes.remove_prefix(bytes.size() - tail_bytes_);
  }
  tail_ += bytes;
  if (tail_.size() > tail_bytes_ * 2) tail_.erase(0, tail_.size() - tail_bytes_);
}

std::uint64_t OutputKeeper::left_out_bytes() const {
  return total_ - head_.size() - std::min(tail_.size(), tail_bytes_);
}

std::string OutputKeeper::text() const {
  const std::string_view tail =
      std::string_view(tail_).substr(tail_.size() - std::min(tail_.size(), tail_bytes_));
  const std::uint64_t left_out = left_out_bytes();
  if (left_out == 0) return head_ + std::string(tail);
  return fmt::format("{}\n[… {} bytes left out: more than is kept …]\n{}", head_, left_out, tail);
}

}  // namespace pryx::tools::shell
