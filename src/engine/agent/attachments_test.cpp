// SPDX-License-Identifier: MIT
#include "engine/agent/attachments.h"

#include <gtest/gtest.h>

namespace pryx::agent {
namespace {
using models::Attachment;
using models::ChatMessage;

Attachment png(std::string name, std::int64_t size, std::size_t text_at) {
  Attachment out;
  out.media_type = "image/png";
  out.name = std::move(name);
  out.size = size;
  out.text_at = text_at;
  return out;
}

TEST(Attachments, AModelWithoutEyesIsToldWhatItDoesNotSee) {
  models::ModelRequest request;
  request.messages = {{.text = "this and that", .attachments = {png("a", 3, 0), png("", 4, 5)}}};
  models::ModelRequest seeing = request;
  fit_attachments(request, false);
  EXPECT_TRUE(request.messages[0].attachments.empty());
  EXPECT_EQ(request.messages[0].text,
            "[image a (image/png, 3 bytes) is not shown: this model sees no images]\nthis "
            "[image (image/png, 4 bytes) is not shown: this model sees no images]\nand that");
  for (const std::optional<bool> known : {std::optional(true), std::optional<bool>()}) {
    fit_attachments(seeing, known);
    EXPECT_EQ(seeing.messages[0].attachments.size(), 2u);
    EXPECT_EQ(seeing.messages[0].text, "this and that");
  }
}

TEST(Attachments, TheNewestStay) {
  models::ModelRequest request;
  request.messages = {{.text = "old", .attachments = {png("a", 1, 0), png("b", 15 << 20, 0)}},
                      {.text = "new", .attachments = {png("c", 10 << 20, 0)}}};
  fit_attachments(request, true);
  ASSERT_EQ(request.messages[0].attachments.size(), 1u);
  EXPECT_EQ(request.messages[0].attachments[0].name, "a");
  EXPECT_EQ(
      request.messages[0].text,
      "[image b (image/png, 15728640 bytes) is not shown: newer ones fill what a request may hold]\nold");
  EXPECT_EQ(request.messages[1].text, "new");

  models::ModelRequest many;
  ChatMessage full{.text = "x"};
  for (int i = 0; i < 25; ++i) full.attachments.push_back(png(std::to_string(i), 1, 0));
  many.messages = {full};
  fit_attachments(many, true);
  ASSERT_EQ(many.messages[0].attachments.size(), kMaxAttachments);
  EXPECT_EQ(many.messages[0].attachments.front().name, "5");
}

}  // namespace
}  // namespace pryx::agent
