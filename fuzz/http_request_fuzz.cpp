// SPDX-License-Identifier: MIT
// Requests from strangers. Whatever the bytes: the verdict does not depend on how they were cut, what is
// accepted holds the promises of Request, Beast's parser reads it the same way, and written down again it is
// read back equal.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "foundation/base/text.h"
#include "foundation/net/testing/request_oracle.h"

namespace {

using pryx::net::Request;
using pryx::net::RequestReader;
using pryx::net::testing::read_request;
using pryx::net::testing::ReadResult;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

bool is_same(const Request& a, const Request& b) {
  return a.method == b.method && a.path == b.path && a.query == b.query && a.body == b.body &&
         a.headers.all() == b.headers.all() && a.wants_websocket == b.wants_websocket;
}

void check_promises(const Request& request, const RequestReader::Limits& limits) {
  require(!request.path.empty() && request.path[0] == '/', "the path starts with a slash");
  require(request.path.find('\0') == std::string::npos && pryx::is_valid_utf8(request.path),
          "the path is text");
  require(("/" + request.path + "/").find("/../") == std::string::npos, "the path stays below its root");
  require(request.headers.count("Host") <= 1, "one Host");
  require(request.headers.count("Content-Length") + request.headers.count("Transfer-Encoding") <= 1,
          "one framing");
  require(request.headers.all().size() <= limits.header_count, "few fields");
  require(request.body.size() <= limits.body_bytes, "a bounded body");
  for (const auto& [name, value] : request.headers.all()) {
    for (const char c : name + value) require(c != '\0' && c != '\r' && c != '\n', "no line end in a field");
  }
}

void check_round_trip(const ReadResult& first, const RequestReader::Limits& limits) {
  const Request& request = first.request;
  std::string again = request.method + " ";
  for (const char c : request.path)
    again += c == '/' ? "/" : pryx::net::percent_encode(std::string_view(&c, 1));
  // A mark before an empty query is not kept.
  if (!request.query.empty()) again += "?" + request.query;
  again += first.is_http11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n";
  for (const auto& [name, value] : request.headers.all()) again += name + ": " + value + "\r\n";
  again += "\r\n";
  if (request.headers.find("Transfer-Encoding")) {
    char size[32];
    (void)std::snprintf(size, sizeof size, "%zx\r\n", request.body.size());
    if (!request.body.empty()) again += size + request.body + "\r\n";
    again += "0\r\n\r\n";
  } else {
    again += request.body;
  }
  if (again.size() > limits.header_bytes / 2) return;  // escapes may have made it longer than the limits
  const ReadResult second = read_request(again, again.size() + 1, limits);
  require(second.event == RequestReader::Event::kComplete && second.taken == again.size(), "it is read back");
  require(is_same(request, second.request), "it is read back equal");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const RequestReader::Limits limits{.header_bytes = 4096, .header_count = 20, .body_bytes = 2000};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ReadResult whole = read_request(bytes, size + 1, limits);
  for (const size_t piece : {size_t{1}, size_t{5}}) {
    const ReadResult pieces = read_request(bytes, piece, limits);
    require(pieces.event == whole.event && pieces.status == whole.status,
            "the verdict does not depend on the pieces");
    if (whole.event == RequestReader::Event::kComplete) {
      require(pieces.taken == whole.taken && is_same(pieces.request, whole.request), "nor does the request");
    }
  }
  if (whole.event != RequestReader::Event::kComplete) return 0;
  check_promises(whole.request, limits);
  check_round_trip(whole, limits);
  const std::string difference = pryx::net::testing::compare_with_beast(bytes, whole);
  require(difference.empty(), difference.c_str());
  return 0;
}
