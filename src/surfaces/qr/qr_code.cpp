// SPDX-License-Identifier: MIT
#include "surfaces/qr/qr_code.h"

#include <qrencode.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "foundation/base/text.h"

namespace pryx::qr {
namespace {

struct FreeCode {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

struct FreeInput {
  void operator()(QRinput* input) const { QRinput_free(input); }
};

constexpr unsigned int kUtf8 = 26;  // of the register of character sets that readers know

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

Result<Code> encode(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "there is no text to make a QR code of");
  if (text.size() > kMaxText)
    return fail(ErrorCode::kTooLarge, "a QR code takes at most {} bytes of text; this has {}", kMaxText,
                text.size());
  const std::unique_ptr<QRinput, FreeInput> input(QRinput_new2(0, QR_ECLEVEL_M));
  // Without a word about it, readers guess the character set of what is not ASCII.
  const bool says_utf8 = is_valid_utf8(text) && !is_ascii(text);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (!input || (says_utf8 && QRinput_appendECIheader(input.get(), kUtf8) != 0) ||
      QRinput_append(input.get(), QR_MODE_8, static_cast<int>(text.size()), bytes) != 0)
    return fail(ErrorCode::kInternal, "the QR code could not be prepared");
  const std::unique_ptr<QRcode, FreeCode> made(QRcode_encodeInput(input.get()));
  if (!made)
    return fail(errno == ERANGE ? ErrorCode::kTooLarge : ErrorCode::kInternal,
                "the QR code could not be made");
  const auto count = static_cast<std::size_t>(made->width) * static_cast<std::size_t>(made->width);
  std::vector<std::uint8_t> modules(count);
  for (std::size_t i = 0; i < count; ++i) modules[i] = made->data[i] & 1;
  return Code(made->width, std::move(modules));
}

std::string to_svg(const Code& code) {
  const int side = code.size() + 2 * kQuietZone;
  std::string path;
  for (int y = 0; y < code.size(); ++y) {
    for (int x = 0; x < code.size();) {
      int end = x;
      while (code.is_dark(end, y)) ++end;
      if (end > x)
        fmt::format_to(std::back_inserter(path), "M{} {}h{}v1h-{}z", x + kQuietZone, y + kQuietZone, end - x,
                       end - x);
      x = end + 1;
    }
  }
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" shape-rendering="crispEdges">)"
      R"(<path fill="#fff" d="M0 0h{0}v{0}h-{0}z"/><path fill="#000" d="{1}"/></svg>)",
      side, path);
}

std::vector<std::string> to_half_blocks(const Code& code, Ink ink) {
  static constexpr std::string_view kBlocks[] = {" ", "▀", "▄", "█"};
  const auto is_drawn = [&](int x, int y) { return code.is_dark(x, y) == (ink == Ink::kDark); };
  std::vector<std::string> lines;
  const int end = code.size() + kQuietZone;
  for (int y = -kQuietZone; y < end; y += 2) {
    std::string line;
    for (int x = -kQuietZone; x < end; ++x)
      line += kBlocks[(is_drawn(x, y) ? 1 : 0) + (is_drawn(x, y + 1) ? 2 : 0)];
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace pryx::qr
