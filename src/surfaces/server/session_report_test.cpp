// SPDX-License-Identifier: MIT
#include "surfaces/server/session_report.h"

#include <gtest/gtest.h>

#include "foundation/base/text.h"

namespace pryx::server {
namespace {

constexpr std::string_view kHostile =
    "</pre><script>alert(1)</script><img src=//example.com/x onerror=alert(1)>\" ' & ![x](//example.com/y) "
    "[a](javascript:1) `# |";

json::object hostile_document() {
  const json::value text(kHostile);
  json::object step{{"kind", text},
                    {"state", text},
                    {"tool", text},
                    {"summary", text},
                    {"started_at", "2026-09-21T14:13:20.000Z"},
                    {"ended_at", "2026-09-21T14:13:21.000Z"}};
  json::object turn{{"id", text},
                    {"state", text},
                    {"answered_by", text},
                    {"steps", json::array{step}},
                    {"started_at", "2026-09-21T14:13:20.000Z"},
                    {"ended_at", "2026-09-21T14:13:22.000Z"},
                    {"cost", json::object{{"amount", text}, {"currency", text}}}};
  json::object message{{"role", text},
                       {"created_at", text},
                       {"parts", json::array{json::object{{"type", "text"}, {"text", text}},
                                             json::object{{"type", text}, {"tool", text}, {"text", text}}}}};
  return {{"content",
           json::object{{"session", json::object{{"id", text}, {"title", text}, {"created_at", text}}},
                        {"messages", json::array{message}},
                        {"turns", json::array{turn}},
                        {"approvals", json::array{json::object{{"state", text}, {"rendering", text}}}}}},
          {"manifest",
           json::object{{"sha256", text}, {"redacted", true}, {"redactions", json::object{{"email", 2}}}}}};
}

TEST(SessionReport, HtmlHoldsNothingThatRunsOrLoads) {
  const std::string html = report_html(hostile_document());
  EXPECT_FALSE(html.contains("<script")) << html;
  EXPECT_FALSE(html.contains("<img"));
  EXPECT_FALSE(html.contains("url("));
  EXPECT_FALSE(html.contains("@import"));
  EXPECT_FALSE(html.contains("href"));
  EXPECT_TRUE(html.contains("default-src 'none'"));
  EXPECT_TRUE(html.contains("2 email"));
  EXPECT_TRUE(html.contains("width:50.0%")) << "the bar of the step";
}

TEST(SessionReport, MarkdownHoldsNoMarkupOfStrangers) {
  const std::string text = report_markdown(hostile_document());
  EXPECT_FALSE(text.contains("<script"));
  EXPECT_FALSE(text.contains("![x]("));
  EXPECT_FALSE(text.contains("[a]("));
  EXPECT_TRUE(quote_markdown("# a\n- b").starts_with("> \\# a\n> - b"));
}

TEST(SessionReport, BothFormsNameWhoAnswered) {
  json::object document = hostile_document();
  json::array& turns = document["content"].as_object()["turns"].as_array();
  turns[0].as_object()["answered_by"] = "acme/stand-in";
  turns.emplace_back(json::object{{"id", "trn_2"}, {"answered_by", nullptr}, {"steps", json::array{}}});
  for (const std::string& report : {report_html(document), report_markdown(document)}) {
    EXPECT_TRUE(report.contains("acme/stand-in")) << report;
    EXPECT_TRUE(report.contains("no model")) << report;
  }
}

TEST(SessionReport, TheControlWouldSeeRawText) {
  EXPECT_TRUE(std::string(kHostile).contains("<script"));
  EXPECT_EQ(escape_html("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

}  // namespace
}  // namespace pryx::server
