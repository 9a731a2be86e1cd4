// SPDX-License-Identifier: MIT
#include "foundation/net/request_reader.h"

#include <algorithm>
#include <cstring>

#include "foundation/base/text.h"
#include "foundation/net/internal/field_text.h"

namespace pryx::net {

using namespace internal;

namespace {

constexpr std::size_t kMaxTargetBytes = 8u << 10;
constexpr std::size_t kMaxMethodBytes = 24;

bool has_only_valid_escapes(std::string_view text) {
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    i += 2;
  }
  return true;
}

bool has_dot_segment(std::string_view path) {
  return std::ranges::any_of(split(path, '/'),
                             [](std::string_view segment) { return segment == "." || segment == ".."; });
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == ':' || c == '[' || c == ']' || c == '%';
}

}  // namespace

struct RequestReader::Framing {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t transfer_encodings = 0;
  bool unknown_encoding = false;
  bool connection_upgrade = false;
  bool upgrade_websocket = false;
};

using Event = RequestReader::Event;

Event RequestReader::fail_with(int status, std::string_view detail) {
  stage_ = Stage::kFailed;
  error_status_ = status;
  error_detail_ = detail;
  return Event::kError;
}

void RequestReader::reset() { *this = RequestReader(limits_); }

Event RequestReader::feed(std::string_view& bytes) {
  for (;;) {
    Event event = Event::kNeedMore;
    switch (stage_) {
      case Stage::kFailed:
        return Event::kError;
      case Stage::kDone:
        return Event::kComplete;
      case Stage::kHead:
        return bytes.empty() ? Event::kNeedMore : feed_head(bytes);
      case Stage::kBodyStart:
        event = start_body();
        break;
      case Stage::kLength:
        event = feed_length(bytes);
        break;
      case Stage::kChunkData:
        event = feed_chunk_data(bytes);
        break;
      case Stage::kChunkLine:
      case Stage::kChunkEnd:
      case Stage::kTrailer:
        event = feed_line(bytes);
        break;
    }
    if (event != Event::kNeedMore) return event;
    if (bytes.empty() && stage_ != Stage::kDone) return Event::kNeedMore;
  }
}

// --- head
// -------------------------------------------------------------------------------------------------------------------------

// Looks for the empty line. Lines end with CR LF and nothing else: a lone LF is what smuggling lives on.
Event RequestReader::find_head_end(std::string_view head, std::size_t& end) {
  end = 0;
  while (scan_at_ < head.size()) {
    const void* const hit = std::memchr(head.data() + scan_at_, '\n', head.size() - scan_at_);
    if (hit == nullptr) {
      scan_at_ = head.size();
      return Event::kNeedMore;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(hit) - head.data());
    if (at == 0 || head[at - 1] != '\r') return fail_with(400, "a header line ends without CR LF");
    if (at == line_start_ + 1) {
      if (line_start_ == 0) return fail_with(400, "an empty line stands where the request line should be");
      end = at + 1;
      return Event::kHead;
    }
    line_start_ = at + 1;
    scan_at_ = at + 1;
  }
  return Event::kNeedMore;
}

Event RequestReader::feed_head(std::string_view& bytes) {
  const std::size_t taken = std::min(bytes.size(), limits_.header_bytes - head_.size());
  std::size_t end = 0;
  if (head_.empty()) {
    if (bytes.front() < 'A' || bytes.front() > 'Z')
      return fail_with(400, "the request does not start with a method");
    // The usual case, a head in one piece, is parsed where it lies.
    const std::string_view head = bytes.substr(0, taken);
    const Event found = find_head_end(head, end);
    if (found == Event::kError) return found;
    if (found == Event::kHead) {
      bytes.remove_prefix(end);
      return parse_head(head.substr(0, end));
    }
    head_.assign(head);
  } else {
    const std::size_t before = head_.size();
    head_.append(bytes.substr(0, taken));
    const Event found = find_head_end(head_, end);
    if (found == Event::kError) return found;
    if (found == Event::kHead) {
      bytes.remove_prefix(end - before);
      const std::string head = std::move(head_);
      head_ = std::string();
      return parse_head(std::string_view(head).substr(0, end));
    }
  }
  bytes.remove_prefix(taken);
  if (head_.size() >= limits_.header_bytes)
    return fail_with(431, "the header is larger than this server reads");
  return Event::kNeedMore;
}

Event RequestReader::parse_head(std::string_view head) {
  head_bytes_ = head.size();
  stage_ = Stage::kBodyStart;
  const std::size_t first = head.find("\r\n");
  if (parse_request_line(head.substr(0, first)) == Event::kError) return Event::kError;
  head.remove_prefix(first + 2);
  Framing framing;
  std::size_t count = 0;
  for (;;) {
    const std::size_t end = head.find("\r\n");
    if (end == 0) break;
    if (++count > limits_.header_count)
      return fail_with(431, "there are more header fields than this server reads");
    if (parse_field(head.substr(0, end), framing) == Event::kError) return Event::kError;
    head.remove_prefix(end + 2);
  }
  return check_framing(framing);
}

Event RequestReader::parse_request_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space > kMaxMethodBytes)
    return fail_with(400, "the request line has no method");
  const std::string_view method = line.substr(0, space);
  if (!std::ranges::all_of(method, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; })) {
    return fail_with(400, "the method is not made of capital letters");
  }
  line.remove_prefix(space + 1);
  const std::size_t second = line.find(' ');
  if (second == std::string_view::npos) return fail_with(400, "the request line has no protocol version");
  const std::string_view version = line.substr(second + 1);
  if (version == "HTTP/1.1") {
    http11_ = true;
  } else if (version != "HTTP/1.0") {
    const bool other = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.';
    return other ? fail_with(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
                 : fail_with(400, "the request line is malformed");
  }
  request_.method = method;
  return parse_target(line.substr(0, second));
}

Event RequestReader::parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/')
    return fail_with(400, "the request target must be a path that starts with '/'");
  if (target.size() > kMaxTargetBytes) return fail_with(414, "the request target is too long");
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '#')
      return fail_with(400, "the request target holds a character that must be encoded");
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view raw_path = target.substr(0, mark);
  const std::string_view query = mark < target.size() ? target.substr(mark + 1) : std::string_view();
  if (!has_only_valid_escapes(target))
    return fail_with(400, "the request target holds a malformed percent escape");
  if (raw_path.find('%') == std::string_view::npos) {
    request_.path = raw_path;
  } else {
    request_.path = percent_decode(raw_path, false);
    // A decoded separator would mean another path here than to whoever looked at the encoded one.
    if (std::ranges::count(request_.path, '/') != std::ranges::count(raw_path, '/')) {
      return fail_with(400, "the path holds an encoded slash");
    }
    if (std::ranges::any_of(request_.path, is_control))
      return fail_with(400, "the path holds an encoded control character");
    if (!is_valid_utf8(request_.path)) return fail_with(400, "the path is not valid UTF-8");
  }
  if (request_.path.find('\\') != std::string::npos) return fail_with(400, "the path holds a backslash");
  if (has_dot_segment(request_.path)) return fail_with(400, "the path holds a '.' or '..' segment");
  if (query.find('%') != std::string_view::npos) {
    const std::string decoded = percent_decode(query, true);
    if (decoded.find('\0') != std::string::npos || !is_valid_utf8(decoded)) {
      return fail_with(400, "the query does not decode to valid UTF-8 without NUL");
    }
  }
  request_.query = query;
  return Event::kHead;
}

Event RequestReader::parse_field(std::string_view line, Framing& framing) {
  if (line.front() == ' ' || line.front() == '\t')
    return fail_with(400, "folded header lines are not accepted");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return fail_with(400, "a header field has no valid name directly before ':'");
  }
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim_blanks(line.substr(colon + 1));
  if (!is_field_text(value))
    return fail_with(400, "a header value holds a control character or invalid UTF-8");
  if (check_special_field(name, value, framing) == Event::kError) return Event::kError;
  request_.headers.add(std::string(name), std::string(value));
  return Event::kHead;
}

Event RequestReader::check_special_field(std::string_view name, std::string_view value, Framing& framing) {
  switch (name.size()) {
    case 4:
      if (!equals_ignore_case(name, "host")) break;
      ++framing.hosts;
      if (value.empty() || !std::ranges::all_of(value, is_host_char))
        return fail_with(400, "the Host field is malformed");
      break;
    case 6:
      if (!equals_ignore_case(name, "expect")) break;
      if (!equals_ignore_case(value, "100-continue"))
        return fail_with(417, "only 100-continue can be expected");
      expects_continue_ = true;
      break;
    case 7:
      if (equals_ignore_case(name, "upgrade") && list_has(value, "websocket"))
        framing.upgrade_websocket = true;
      break;
    case 10:
      if (!equals_ignore_case(name, "connection")) break;
      if (!is_token_list(value)) return fail_with(400, "the Connection field is malformed");
      if (list_has(value, "close")) close_ = true;
      if (list_has(value, "upgrade")) framing.connection_upgrade = true;
      break;
    case 16:
      // Not ours to obey, but parsers differ on whether it closes the connection.
      if (!equals_ignore_case(name, "proxy-connection")) break;
      if (!is_token_list(value)) return fail_with(400, "the Proxy-Connection field is malformed");
      if (list_has(value, "close")) close_ = true;
      break;
    case 14: {
      if (!equals_ignore_case(name, "content-length")) break;
      ++framing.lengths;
      // 18 digits cannot overflow and are far over any limit.
      if (value.empty() || value.size() > 18 ||
          !std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) {
        return fail_with(400, "Content-Length is not a plain number");
      }
      content_length_ = 0;
      for (const char c : value) content_length_ = content_length_ * 10 + static_cast<std::uint64_t>(c - '0');
      break;
    }
    case 17:
      if (!equals_ignore_case(name, "transfer-encoding")) break;
      ++framing.transfer_encodings;
      if (equals_ignore_case(value, "chunked"))
        chunked_ = true;
      else
        framing.unknown_encoding = true;
      break;
    default:
      break;
  }
  return Event::kHead;
}

Event RequestReader::check_framing(const Framing& framing) {
  if (framing.hosts > 1 || (framing.hosts == 0 && http11_))
    return fail_with(400, "exactly one Host field is required");
  if (framing.lengths > 1) return fail_with(400, "Content-Length is given more than once");
  if (framing.transfer_encodings > 1) return fail_with(400, "Transfer-Encoding is given more than once");
  if (framing.transfer_encodings > 0) {
    if (framing.lengths > 0) return fail_with(400, "Content-Length and Transfer-Encoding exclude each other");
    if (!http11_) return fail_with(400, "HTTP/1.0 has no Transfer-Encoding");
    if (framing.unknown_encoding) return fail_with(501, "the only Transfer-Encoding spoken here is chunked");
  }
  if (!http11_) expects_continue_ = false;
  request_.wants_websocket =
      http11_ && request_.method == "GET" && framing.upgrade_websocket && framing.connection_upgrade;
  if (request_.wants_websocket && has_body()) return fail_with(400, "a WebSocket upgrade has no body");
  return Event::kHead;
}

}  // namespace pryx::net
