// SPDX-License-Identifier: MIT
// From the encodings of the web to UTF-8. Labels come from a fixed list; everything else counts as UTF-8 with
// ill-formed parts replaced.
#pragma once
#include <iconv.h>

#include <string>
#include <string_view>

namespace pryx::worker {

// A byte order mark, then what the server said, then what the document says of itself. "" means UTF-8.
[[nodiscard]] std::string detect_charset(std::string_view declared, std::string_view document, bool is_html);

class Decoder {
 public:
  explicit Decoder(const std::string& charset);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  [[nodiscard]] std::string to_utf8(std::string_view bytes);

 private:
  iconv_t encoder_;
};

}  // namespace pryx::worker
