// SPDX-License-Identifier: MIT
// What is kept of one output stream of a command: everything up to a limit, beyond it the beginning and the
// end, with the number of bytes that were left out between them. Memory stays bounded however much a program
// prints. Pure; one owner.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pryx::tools::shell {

class OutputKeeper {
 public:
  OutputKeeper(std::size_t head_bytes, std::size_t tail_bytes)
      : head_bytes_(head_bytes), tail_bytes_(tail_bytes) {}
  void add(std::string_view bytes);
  [[nodiscard]] std::uint64_t total_bytes() const { return total_; }
  [[nodiscard]] std::uint64_t left_out_bytes() const;
  [[nodiscard]] bool empty() const { return total_ == 0; }
  // Head, a line that says what is missing, tail. As the program wrote it: not always UTF-8.
  [[nodiscard]] std::string text() const;

 private:
  std::size_t head_bytes_;
  std::size_t tail_bytes_;
  std::uint64_t total_ = 0;
  std::string head_;
  std::string tail_;  // at most twice tail_bytes_, so that cutting its front costs little per byte
};

}  // namespace pryx::tools::shell
