// SPDX-License-Identifier: MIT
#include "engine/models/provider.h"

#include <gtest/gtest.h>

namespace pryx::models {
namespace {

std::string describe(const ChatMessage& message) {
  std::string out;
  for (const ContentPart& part : content_parts(message))
    out +=
        part.attachment != nullptr ? "<" + part.attachment->name + ">" : "[" + std::string(part.text) + "]";
  return out;
}

Attachment named(std::string name, std::size_t text_at) {
  Attachment out;
  out.name = std::move(name);
  out.text_at = text_at;
  return out;
}

TEST(ContentParts, TextAndAttachmentsInTheOrderInWhichTheyAreRead) {
  ChatMessage message{.text = "one two"};
  EXPECT_EQ(describe(message), "[one two]");
  message.attachments = {named("a", 0), named("b", 4), named("c", 4)};
  EXPECT_EQ(describe(message), "<a>[one ]<b><c>[two]");
  message.text.clear();
  EXPECT_EQ(describe(message), "<a><b><c>");
}

TEST(ContentParts, ShortenedTextLosesNoAttachmentAndCutsNoCodePoint) {
  ChatMessage message{.text = "ä!", .attachments = {named("a", 1), named("b", 900), named("c", 0)}};
  EXPECT_EQ(describe(message), "<a>[ä!]<b><c>");
}

TEST(ReasoningEffort, HasNamesThatReadBack) {
  for (const auto effort : {ReasoningEffort::kDefault, ReasoningEffort::kNone, ReasoningEffort::kMinimal,
                            ReasoningEffort::kLow, ReasoningEffort::kMedium, ReasoningEffort::kHigh}) {
    EXPECT_EQ(reasoning_effort_from_text(to_text(effort)), effort);
  }
  EXPECT_EQ(reasoning_effort_from_text("huge"), std::nullopt);
}

}  // namespace
}  // namespace pryx::models
