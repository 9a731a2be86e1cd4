// SPDX-License-Identifier: MIT
#include "engine/tools/fs/text_probe.h"

#include <array>

#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view type;
};

using namespace std::string_view_literals;
constexpr std::array kMagic{
    Magic{0, "\x89PNG\r\n\x1a\n"sv, "PNG image"},
    Magic{0, "\xFF\xD8\xFF"sv, "JPEG image"},
    Magic{0, "GIF8"sv, "GIF image"},
    Magic{8, "WEBP"sv, "WebP image"},
    Magic{0, "BM"sv, "BMP image"},
    Magic{0, "%PDF-"sv, "PDF document"},
    Magic{0, "PK\x03\x04"sv, "ZIP archive (also office documents, jar, apk)"},
    Magic{0, "PK\x05\x06"sv, "ZIP archive"},
    Magic{0, "\x1F\x8B"sv, "gzip archive"},
    Magic{0, "BZh"sv, "bzip2 archive"},
    Magic{0,
          "\xFD"
          "7zXZ\0"sv,
          "xz archive"},
    Magic{0, "\x28\xB5\x2F\xFD"sv, "zstd archive"},
    Magic{0, "7z\xBC\xAF\x27\x1C"sv, "7z archive"},
    Magic{257, "ustar"sv, "tar archive"},
    Magic{0,
          "\x7F"
          "ELF"sv,
          "ELF program or library"},
    Magic{0, "MZ"sv, "Windows program"},
    Magic{0, "\0asm"sv, "WebAssembly module"},
    Magic{0, "!<arch>\n"sv, "static library"},
    Magic{0, "\xCA\xFE\xBA\xBE"sv, "Java class or universal binary"},
    Magic{0, "SQLite format 3\0"sv, "SQLite database"},
    Magic{0, "RIFF"sv, "RIFF media"},
    Magic{0, "OggS"sv, "Ogg media"},
    Magic{0, "ID3"sv, "MP3 audio"},
    Magic{0, "fLaC"sv, "FLAC audio"},
    Magic{4, "ftyp"sv, "MP4 media"},
    Magic{0, "\x1A\x45\xDF\xA3"sv, "Matroska media"},
    Magic{0, "wOF2"sv, "WOFF2 font"},
    Magic{0, "\0\x01\0\0"sv, "TrueType font"},
    Magic{0, "GGUF"sv, "GGUF model"},
    Magic{0, "\xFF\xFE"sv, "text in UTF-16"},
    Magic{0, "\xFE\xFF"sv, "text in UTF-16"},
};

// How many bytes at the start belong to no well-formed character, the end of the sample excepted.
std::size_t malformed_bytes(std::string_view sample) {
  std::size_t bad = 0;
  for (std::size_t i = 0; i < sample.size();) {
    const auto lead = static_cast<unsigned char>(sample[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (length > 0 && i + length > sample.size()) break;
    if (length > 0 && is_valid_utf8(sample.substr(i, length))) {
      i += length;
    } else {
      ++bad;
      ++i;
    }
  }
  return bad;
}

}  // namespace

bool looks_binary(std::string_view sample) {
  if (sample.find('\0') != std::string_view::npos || sample.starts_with("%PDF-")) return true;
  return malformed_bytes(sample) * 5 > sample.size();
}

std::string_view guess_binary_type(std::string_view sample) {
  for (const Magic& magic : kMagic) {
    if (sample.size() >= magic.offset && sample.substr(magic.offset).starts_with(magic.bytes))
      return magic.type;
  }
  return "binary data";
}

}  // namespace pryx::tools::fs
