// SPDX-License-Identifier: MIT
#include "surfaces/cli/image_file.h"

#include "foundation/base/text.h"
#include "foundation/platform/files.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxImage = 5u << 20;     // of one, as the daemon takes it
constexpr std::size_t kMaxTogether = 7u << 20;  // as base64 that fills what one request may have
constexpr std::size_t kMaxImages = 8;

}  // namespace

std::string_view image_type_of(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return {};
}

Result<std::string> ImageParts::add(const std::string& path) {
  if (parts_.size() >= kMaxImages)
    return fail(ErrorCode::kInvalidArgument, "a message has at most {} images", kMaxImages);
  const auto bytes = platform::read_file(path, kMaxImage);
  if (!bytes && bytes.error().code == ErrorCode::kTooLarge)
    return fail(ErrorCode::kTooLarge, "{} is larger than {} MiB, which is the limit of an image", path,
                kMaxImage >> 20);
  if (!bytes) return std::unexpected(bytes.error());
  const std::string_view type = image_type_of(*bytes);
  if (type.empty()) return fail(ErrorCode::kInvalidArgument, "{} is neither PNG, JPEG, GIF nor WebP", path);
  if (bytes_ + bytes->size() > kMaxTogether)
    return fail(ErrorCode::kTooLarge, "the images of one message may have {} MiB together",
                kMaxTogether >> 20);
  bytes_ += bytes->size();
  const std::string name = path.substr(path.rfind('/') + 1);
  parts_.push_back(
      json::object{{"type", "image"}, {"media_type", type}, {"name", name}, {"data", to_base64(*bytes)}});
  return fmt::format("{} ({}, {} bytes)", name, type, bytes->size());
}

std::optional<Result<std::string>> ImageParts::take_command(std::string_view text) {
  constexpr std::string_view kCommand = "/image";
  if (text != kCommand && !text.starts_with("/image ")) return std::nullopt;
  const std::string path(trim(text.substr(kCommand.size())));
  if (path.empty())
    return fail(ErrorCode::kInvalidArgument, "/image FILE sends an image with what is said next");
  auto added = add(path);
  if (!added) return added;
  return "goes with what is said next: " + *added;
}

void ImageParts::move_into(json::object& message) {
  if (parts_.empty()) return;
  message["parts"] = std::move(parts_);
  parts_ = {};
  bytes_ = 0;
}

}  // namespace pryx::cli
