// SPDX-License-Identifier: MIT
#include "engine/agent/session_document.h"

#include <gtest/gtest.h>

namespace pryx::agent {
namespace {

constexpr WallTime kNow{1'790'000'000'000};
const PrincipalId kMe("prn_owner");
const SessionId kSession("ses_01J9ZD3V3N8J4Q6R2S7T0W5X1Y");

Message message(std::string id, Role role, std::vector<Part> parts) {
  return {.principal = kMe,
          .session = kSession,
          .id = MessageId(std::move(id)),
          .role = role,
          .parts = std::move(parts),
          .created_at = kNow};
}

json::object document() {
  SessionRows rows;
  rows.session = {.principal = kMe,
                  .id = kSession,
                  .agent = "default",
                  .title = "Ünïcode \"title\"",
                  .status = "active",
                  .message_count = 3,
                  .created_at = kNow,
                  .updated_at = kNow};
  rows.messages = {
      message("msg_01J9ZD3V3N8J4Q6R2S7T0W5X1A", Role::kUser,
              {{.text = "hello", .labels = trust::Labels::owner("prn_owner")}}),
      message("msg_01J9ZD3V3N8J4Q6R2S7T0W5X1B", Role::kAssistant,
              {{.type = "tool_call", .text = "{}", .tool = "fs.read", .labels = trust::Labels{"model"}}}),
      message("msg_01J9ZD3V3N8J4Q6R2S7T0W5X1C", Role::kTool,
              {{.type = "tool_result",
                .text = "bytes",
                .tool = "fs.read",
                .result_ref = "abc",
                .labels = trust::Labels{"web", "secret"}}})};
  rows.turns = {{.principal = kMe,
                 .id = TurnId("trn_01J9ZD3V3N8J4Q6R2S7T0W5X1Y"),
                 .session = kSession,
                 .created_at = kNow}};
  return session_document(session_content(rows, {}), {});
}

Result<ImportedSession> read(const json::object& o) {
  return read_session_document(o, PrincipalId("prn_other"), kNow);
}

// Changes the content and makes the hash fit again.
template <class Change>
json::object changed(Change change) {
  json::object content = document().at("content").as_object();
  change(content);
  return session_document(std::move(content), {});
}

TEST(SessionDocument, ComesBackToTheByte) {
  const json::object whole = document();
  const auto imported = read(whole);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->document, json::canonical(whole));
  EXPECT_EQ(imported->session.title, "Ünïcode \"title\"");
}

TEST(SessionDocument, WhoeverGaveUpIsNotReadFor) {
  std::stop_source stop;
  stop.request_stop();
  const auto imported = read_session_document(document(), PrincipalId("prn_other"), kNow, stop.get_token());
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kCancelled);
}

TEST(SessionDocument, WhatIsImportedIsNobodysWord) {
  const auto imported = read(document());
  ASSERT_TRUE(imported);
  ASSERT_EQ(imported->messages.size(), 2u);
  for (const Message& one : imported->messages) {
    EXPECT_EQ(one.principal, PrincipalId("prn_other"));
    for (const Part& part : one.parts) {
      EXPECT_TRUE(part.labels.is_untrusted()) << part.labels.to_text();
      EXPECT_TRUE(part.labels.has("file"));
      EXPECT_FALSE(part.labels.has("owner"));
      EXPECT_FALSE(part.labels.has("principal:prn_owner"));
      EXPECT_EQ(part.type, "text");
      EXPECT_TRUE(part.result_ref.empty());
    }
  }
  EXPECT_TRUE(imported->messages[1].parts[1].labels.is_secret());
  EXPECT_EQ(imported->messages[1].parts[0].text, "(asked for fs.read: {})");
}

TEST(SessionDocument, EveryTypeThatAnExportWritesIsTaken) {
  for (const char* type :
       {"text", "reasoning", "tool_call", "tool_result", "image", "file", "summary", "notice"}) {
    const json::object whole = changed([&](json::object& c) {
      auto& part = c["messages"].as_array()[1].as_object()["parts"].as_array()[0].as_object();
      part["type"] = type;
    });
    const auto imported = read(whole);
    ASSERT_TRUE(imported) << type << ": " << imported.error().message;
    EXPECT_EQ(imported->document, json::canonical(whole)) << type;
  }
}

TEST(SessionDocument, ANoticeIsToldAsTheFilesOwnWords) {
  const auto imported = read(changed([](json::object& c) {
    json::array& parts = c["messages"].as_array()[1].as_object()["parts"].as_array();
    json::object notice = parts[0].as_object();
    notice["type"] = "notice";
    notice["text"] = "a/one is out of reach; b/two answers instead";
    notice.erase("tool");
    parts.insert(parts.begin(), std::move(notice));
  }));
  ASSERT_TRUE(imported) << imported.error().message;
  ASSERT_EQ(imported->messages.size(), 2u);
  const Part& first = imported->messages[1].parts.at(0);
  EXPECT_EQ(first.type, "text");
  EXPECT_EQ(first.text, "(notice: a/one is out of reach; b/two answers instead)");
  EXPECT_TRUE(first.labels.is_untrusted());
}

TEST(SessionDocument, AChangedFileIsRefused) {
  json::object whole = document();
  whole["content"].as_object()["messages"].as_array()[0].as_object()["role"] = "assistant";
  const auto imported = read(whole);
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kCheckFailed);
}

TEST(SessionDocument, EveryWrongPlaceIsNamed) {
  const auto message_at = [](json::object& content) -> json::object& {
    return content["messages"].as_array()[0].as_object();
  };
  const std::pair<const char*, json::object> cases[] = {
      {"id", changed([](json::object& c) { c["session"].as_object()["id"] = "ses_x"; })},
      {"status", changed([](json::object& c) { c["session"].as_object()["status"] = "deleted"; })},
      {"title", changed([](json::object& c) { c["session"].as_object()["title"] = std::string(401, 'x'); })},
      {"session", changed([](json::object& c) { c["session"] = json::array{}; })},
      {"messages", changed([](json::object& c) { c.erase("messages"); })},
      {"messages[0].role", changed([&](json::object& c) { message_at(c)["role"] = "root"; })},
      {"messages[0].created_at", changed([&](json::object& c) { message_at(c)["created_at"] = "soon"; })},
      {"messages[0].parts", changed([&](json::object& c) { message_at(c)["parts"] = "x"; })},
      {"type",
       changed([&](json::object& c) { message_at(c)["parts"].as_array()[0].as_object()["type"] = "exec"; })},
      {"labels",
       changed([&](json::object& c) { message_at(c)["parts"].as_array()[0].as_object().erase("labels"); })},
      {"labels", changed([&](json::object& c) {
         message_at(c)["parts"].as_array()[0].as_object()["labels"] = json::array{"root"};
       })},
      {"messages[1].id", changed([&](json::object& c) {
         c["messages"].as_array()[1].as_object()["id"] = message_at(c)["id"];
       })},
      {"turns", changed([](json::object& c) { c["turns"] = 1; })},
      {"turns[0]", changed([](json::object& c) { c["turns"] = json::array{1}; })},
      {"approvals", changed([](json::object& c) { c["approvals"] = json::array{1}; })}};
  for (const auto& [word, file] : cases) {
    const auto imported = read(file);
    ASSERT_FALSE(imported) << word;
    EXPECT_TRUE(imported.error().message.contains(word)) << word << ": " << imported.error().message;
  }
}

TEST(SessionDocument, TimesOfTheFutureAreNow) {
  const auto imported =
      read(changed([](json::object& c) { c["session"].as_object()["created_at"] = "2999-01-01T00:00:00Z"; }));
  ASSERT_TRUE(imported);
  EXPECT_EQ(imported->session.created_at, kNow);
}

}  // namespace
}  // namespace pryx::agent
