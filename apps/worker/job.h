// SPDX-License-Identifier: MIT
// One job of the worker as bytes. In: a line of JSON {"kind", "charset", "base", "max_bytes"}, then the
// document to the end. Out: a line of JSON {"ok", "title", "truncated", "error"}, then the text. Pure.
#pragma once
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace pryx::worker {

struct Job {
  std::string kind;                  // "html", "text", "attempt" (a forbidden system call: proves the walls)
  std::string charset;               // as the server said, may be empty
  std::string base;                  // URL that links are relative to, may be empty
  std::size_t max_bytes = 1u << 20;  // of text
  std::string_view document;         // part of the input
};

[[nodiscard]] Result<Job> read_job(std::string_view input);
// The document must be in UTF-8 by then.
[[nodiscard]] std::string run_job(const Job& job, std::string_view utf8);

}  // namespace pryx::worker
