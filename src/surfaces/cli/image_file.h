// SPDX-License-Identifier: MIT
// Images that a person sends along: read, checked by what their bytes say, and made into parts of a message
// before anything leaves. Main thread.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "surfaces/cli/context.h"

namespace pryx::cli {

// What the first bytes say: "image/png", "image/jpeg", "image/gif", "image/webp"; empty: none of these. Pure.
[[nodiscard]] std::string_view image_type_of(std::string_view bytes);

// What waits to be sent with the next message.
class ImageParts {
 public:
  // What was added, in a line; kInvalidArgument, kTooLarge or kNotFound say what is wrong with which file.
  [[nodiscard]] Result<std::string> add(const std::string& path);
  // "/image FILE" as it was typed in a conversation; nullopt: it is no such command.
  [[nodiscard]] std::optional<Result<std::string>> take_command(std::string_view text);
  // Puts them into the body of a message and forgets them.
  void move_into(json::object& message);

 private:
  json::array parts_;
  std::size_t bytes_ = 0;
};

}  // namespace pryx::cli
