// SPDX-License-Identifier: MIT
// A text as a QR code, and the code as a drawing. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace pryx::qr {

// At correction level M a code holds 2,331 bytes; one that is this large is hard to read from a screen
// already.
inline constexpr std::size_t kMaxText = 1'000;
inline constexpr int kQuietZone = 4;  // light modules on each side; readers need them

class Code {
 public:
  Code(int size, std::vector<std::uint8_t> modules) : size_(size), modules_(std::move(modules)) {}
  [[nodiscard]] int size() const { return size_; }  // modules on a side, without the quiet zone
  // Outside of the code everything is light.
  [[nodiscard]] bool is_dark(int x, int y) const {
    return x >= 0 && y >= 0 && x < size_ && y < size_ &&
           modules_[static_cast<std::size_t>(y) * static_cast<std::size_t>(size_) +
                    static_cast<std::size_t>(x)] != 0;
  }

 private:
  int size_;
  std::vector<std::uint8_t> modules_;
};

// Any bytes but none at all. kInvalidArgument; kTooLarge over kMaxText.
[[nodiscard]] Result<Code> encode(std::string_view text);

// Black on white whatever surrounds it; one unit of the view box is a module. Holds no script, style or link.
[[nodiscard]] std::string to_svg(const Code& code);

// Lines of "█", "▀", "▄" and blanks, two rows of modules each. kDark draws the dark modules, for black ink on
// white; kLight the others, for a terminal whose ground is dark.
enum class Ink : std::uint8_t { kDark, kLight };
[[nodiscard]] std::vector<std::string> to_half_blocks(const Code& code, Ink ink);

}  // namespace pryx::qr
