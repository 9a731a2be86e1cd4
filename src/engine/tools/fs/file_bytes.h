// SPDX-License-Identifier: MIT
// Reads an open regular file forward in chunks; the stop token is looked at between them. Blocking; one
// worker thread.
#pragma once
#include <stop_token>
#include <string>
#include <string_view>

#include "foundation/platform/files.h"

namespace pryx::tools::fs {

class FileBytes {
 public:
  FileBytes(platform::UniqueFd fd, std::stop_token stop) : fd_(std::move(fd)), stop_(std::move(stop)) {}

  // What is read and not yet consumed; empty at the end of the file. kCancelled when stopped.
  [[nodiscard]] Result<std::string_view> peek();
  void consume(std::size_t bytes) { at_ += bytes; }
  // Appends up to `most` more bytes of the file to `out`; fewer only at its end.
  [[nodiscard]] Result<void> read_into(std::string& out, std::size_t most);

 private:
  platform::UniqueFd fd_;
  std::stop_token stop_;
  std::string chunk_;
  std::size_t at_ = 0;
};

}  // namespace pryx::tools::fs
