// SPDX-License-Identifier: MIT
// Where notes and reminders stand in a prompt.
#include <gtest/gtest.h>

#include "engine/agent/context.h"

namespace pryx::agent {
namespace {

Message said(std::string id, Role role, std::string text) {
  Message message{.id = MessageId(std::move(id)), .role = role};
  Part part;
  part.text = std::move(text);
  part.labels = trust::Labels{"owner"};
  message.parts.push_back(std::move(part));
  return message;
}

std::string texts(const Context& context) {
  std::string out;
  for (std::size_t i = 1; i < context.request.messages.size(); ++i)
    out += context.request.messages[i].text + "|";
  return out;
}

TEST(RecallContext, ANoteStandsBeforeWhatIsAnsweredAndBringsItsLabels) {
  const AgentProfile profile;
  const WorkspaceFacts workspace;
  const std::vector<Message> history{said("msg_1", Role::kUser, "first"),
                                     said("msg_2", Role::kAssistant, "yes"),
                                     said("msg_3", Role::kUser, "second")};
  PromptNote note;
  note.recall = "note";
  note.recall_labels = trust::Labels{"web"};
  ContextInput input{
      .profile = profile, .workspace = workspace, .history = history, .today = "2026-01-01", .note = &note};
  EXPECT_EQ(texts(build_context(input)), "first|yes|second|")
      << "without a turn's message there is no place for it";
  input.answers = MessageId("msg_3");
  EXPECT_EQ(texts(build_context(input)), "first|yes|note|second|");
  EXPECT_TRUE(build_context(input).labels.has("web"));
  input.reminds = true;
  EXPECT_NE(texts(build_context(input)).find("save with memory.save"), std::string::npos);
  note.recall.clear();
  EXPECT_FALSE(build_context(input).labels.has("web"));
}

}  // namespace
}  // namespace pryx::agent
