// SPDX-License-Identifier: MIT
#include "foundation/net/gzip.h"

#include <array>
#include <boost/beast/zlib/inflate_stream.hpp>
#include <cstdint>

namespace pryx::net {
namespace {

constexpr std::size_t kHead = 10;
constexpr std::size_t kTail = 8;  // CRC-32 and length, little endian
constexpr std::size_t kStep = 64u << 10;

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

std::uint32_t crc32(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < made.size(); ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0xedb88320u : 0u);
      made[i] = c;
    }
    return made;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

}  // namespace

Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes) {
  constexpr std::string_view kStart("\x1f\x8b\x08\x00", 4);  // deflate, and no optional field
  if (bytes.size() < kHead + kTail || !bytes.starts_with(kStart))
    return fail(ErrorCode::kInvalidArgument, "this is no plain gzip member");
  const std::string_view tail = bytes.substr(bytes.size() - kTail);
  // The tail goes in as well: Beast looks up to two bytes ahead for the code that ends the stream.
  const std::string_view body = bytes.substr(kHead);
  boost::beast::zlib::inflate_stream stream;
  boost::beast::zlib::z_params params;
  params.next_in = body.data();
  params.avail_in = body.size();
  std::string out;
  for (;;) {
    const std::size_t done = out.size();
    if (done > max_bytes)
      return fail(ErrorCode::kTooLarge, "what was compressed has more than {} bytes", max_bytes);
    out.resize(done + kStep);
    params.next_out = out.data() + done;
    params.avail_out = kStep;
    boost::system::error_code error;
    stream.write(params, boost::beast::zlib::Flush::sync, error);
    out.resize(done + kStep - params.avail_out);
    if (error == boost::beast::zlib::error::end_of_stream) break;
    if (error || out.size() == done)
      return fail(ErrorCode::kInvalidArgument, "the gzip member is damaged or cut off");
  }
  if (out.size() > max_bytes)
    return fail(ErrorCode::kTooLarge, "what was compressed has more than {} bytes", max_bytes);
  if (params.avail_in != kTail || read_u32(tail) != crc32(out) ||
      read_u32(tail.substr(4)) != static_cast<std::uint32_t>(out.size()))
    return fail(ErrorCode::kInvalidArgument, "the checksum of the gzip member disagrees");
  return out;
}

}  // namespace pryx::net
