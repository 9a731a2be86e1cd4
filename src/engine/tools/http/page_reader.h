// SPDX-License-Identifier: MIT
// Bytes of strangers to readable text, by pryx-worker: one process for each document, closed in, with limits
// and a deadline. A crash there is an error here. I/O thread only.
#pragma once
#include <memory>
#include <string>

#include "foundation/async/worker_pool.h"
#include "foundation/base/result.h"

namespace pryx::tools::http {

struct Document {
  std::string bytes;
  std::string kind = "html";  // "html", "text"
  std::string charset;        // of the Content-Type, may be empty
  std::string base;           // URL that links are relative to
  std::size_t max_bytes = 1u << 20;
};
struct ReadableText {
  std::string title;
  std::string text;
  bool truncated = false;
};

class PageReader {
 public:
  virtual ~PageReader() = default;
  [[nodiscard]] virtual async::Task<Result<ReadableText>> read(Document document) = 0;
};

// worker_program: absolute path of pryx-worker.
[[nodiscard]] std::unique_ptr<PageReader> make_page_reader(async::WorkerPool& pool,
                                                           std::string worker_program);

}  // namespace pryx::tools::http
