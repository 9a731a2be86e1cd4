// SPDX-License-Identifier: MIT
#include "engine/agent/attachments.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::agent {
namespace {

// The text may have been shortened since the attachment was placed: never inside a code point.
std::size_t place_in(const std::string& text, std::size_t at) {
  at = std::min(at, text.size());
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

void leave_out(models::ChatMessage& message, std::size_t attachment, std::string_view why) {
  const models::Attachment gone = std::move(message.attachments.at(attachment));
  message.attachments.erase(message.attachments.begin() + static_cast<std::ptrdiff_t>(attachment));
  const bool is_image = gone.kind == models::Attachment::Kind::kImage;
  const std::string notice =
      fmt::format("[{}{}{} ({}, {} bytes) is not shown: {}]\n", is_image ? "image" : "file",
                  gone.name.empty() ? "" : " ", gone.name, gone.media_type, gone.size, why);
  const std::size_t at = place_in(message.text, gone.text_at);
  message.text.insert(at, notice);
  for (std::size_t i = attachment; i < message.attachments.size(); ++i)
    message.attachments[i].text_at += notice.size();
}

void fit_attachments(models::ModelRequest& request, std::optional<bool> takes_images,
                     std::int64_t max_images) {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::size_t kept = 0;
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    for (std::size_t i = message->attachments.size(); i-- > 0;) {
      const models::Attachment& attachment = message->attachments[i];
      const bool is_image = attachment.kind == models::Attachment::Kind::kImage;
      if (is_image && takes_images == false) {
        leave_out(*message, i, "this model sees no images");
      } else if (is_image && max_images > 0 && images >= max_images) {
        leave_out(*message, i, fmt::format("this model sees {} images at once", max_images));
      } else if (kept >= kMaxAttachments || bytes + attachment.size > kMaxAttachmentBytes) {
        leave_out(*message, i, "newer ones fill what a request may hold");
      } else {
        bytes += attachment.size;
        images += is_image ? 1 : 0;
        ++kept;
      }
    }
  }
}

}  // namespace pryx::agent
