// SPDX-License-Identifier: MIT
#include "engine/tools/fs/file_bytes.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pryx::tools::fs {
namespace {

constexpr std::size_t kChunk = 64u << 10;

}  // namespace

Result<std::string_view> FileBytes::peek() {
  if (at_ < chunk_.size()) return std::string_view(chunk_).substr(at_);
  if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "read a file: cancelled");
  chunk_.resize(kChunk);
  at_ = 0;
  ssize_t length = 0;
  do {
    length = ::read(fd_.get(), chunk_.data(), chunk_.size());
  } while (length < 0 && errno == EINTR);
  if (length < 0) {
    chunk_.clear();
    return std::unexpected(platform::system_error("read a file of the workspace", errno));
  }
  chunk_.resize(static_cast<std::size_t>(length));
  return std::string_view(chunk_);
}

Result<void> FileBytes::read_into(std::string& out, std::size_t most) {
  while (most > 0) {
    PRYX_TRY(const std::string_view bytes, peek());
    if (bytes.empty()) return {};
    const std::string_view taken = bytes.substr(0, most);
    out += taken;
    most -= taken.size();
    consume(taken.size());
  }
  return {};
}

}  // namespace pryx::tools::fs
