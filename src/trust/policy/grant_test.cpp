// SPDX-License-Identifier: MIT
#include "trust/policy/grant.h"

#include <gtest/gtest.h>

namespace pryx::trust {
namespace {

CallFacts write(std::vector<std::string> paths) {
  CallFacts facts;
  facts.tool = "fs.write";
  facts.arguments = {{"path", paths.empty() ? "" : paths.front()}, {"text", "x"}};
  facts.call_hash = "sha256:w";
  facts.paths = std::move(paths);
  facts.session = SessionId("ses_1");
  facts.principal = PrincipalId("prn_1");
  facts.parse_complete = true;
  return facts;
}

CallFacts request(std::vector<std::string> hosts) {
  CallFacts facts = write({});
  facts.tool = "http.request";
  facts.arguments = {{"url", "https://x"}};
  facts.hosts = std::move(hosts);
  return facts;
}

bool covers(std::string_view pattern, const CallFacts& facts) {
  const auto parsed = GrantPattern::parse(pattern);
  EXPECT_TRUE(parsed.has_value()) << pattern << ": " << (parsed ? "" : parsed.error().message);
  return parsed && parsed->matches(facts);
}

TEST(GrantPattern, TextRoundTrips) {
  for (const std::string_view text :
       {R"(fs.write(path: "src/*"))", R"(fs.write(path: "src/*", path: "docs/a b.txt"))",
        R"(http.request(host: "*.example.com"))", R"(shell.exec(arg.command: "make test", arg.timeout: 30))",
        R"(memory.save(call: "sha256:12"))", R"~(x.y(arg."a b:c": {"k":[1,")"],"z":null}))~",
        R"(x.y(arg.a: true))", R"(fs.list(path: ""))"}) {
    const auto pattern = GrantPattern::parse(text);
    ASSERT_TRUE(pattern.has_value()) << text << ": " << pattern.error().message;
    EXPECT_EQ(pattern->to_text(), text);
    EXPECT_EQ(GrantPattern::parse(pattern->to_text()).value(), *pattern);
  }
  EXPECT_EQ(GrantPattern::parse("  fs.write( path :\"a\" ,arg.n:1.0 )  ").value().to_text(),
            R"(fs.write(path: "a", arg.n: 1))");
}

TEST(GrantPattern, NeverCoversAWholeTool) {
  for (const std::string_view text :
       {"fs.write()", "fs.write", R"(fs.write(path: "*"))", R"(fs.write(path: "**"))",
        R"(fs.write(path: "*/*"))", R"(fs.write(path: "?*"))", R"(fs.write(path: "./*"))",
        R"(fs.*(path: "a"))", R"(*(path: "a"))", R"(http.request(host: "*"))",
        R"(http.request(host: "*.com"))", R"(http.request(host: "*example.com"))",
        R"(http.request(host: "a.*.com"))", R"(http.request(host: ""))", R"(x(call: ""))"}) {
    EXPECT_FALSE(GrantPattern::parse(text).has_value()) << text;
  }
}

TEST(GrantPattern, RefusesMalformedText) {
  for (const std::string_view text : {"",
                                      "(",
                                      ")",
                                      "fs.write(",
                                      "fs.write(path)",
                                      "fs.write(path:)",
                                      R"(fs.write(path: "a")",
                                      R"(fs.write(path: "a",))",
                                      R"(fs.write(path: "a"))extra)",
                                      R"(fs.write(path: "a")))",
                                      R"(fs.write(path: a))",
                                      R"(fs.write(path: 1))",
                                      R"(fs.write(size: 1))",
                                      R"(fs.write(path: "/etc/passwd"))",
                                      R"(fs.write(path: "../a"))",
                                      R"(fs.write(path: "a/../../b"))",
                                      R"(fs.write(arg.: 1))",
                                      R"(fs.write(arg.a: 1, arg.a: 2))",
                                      R"(fs.write(arg.a: [1))",
                                      R"(fs.write(arg.a: ]))",
                                      R"(fs.write(arg.a: "x\))",
                                      R"(fs write(path: "a"))",
                                      R"(http.request(host: "Example.com"))",
                                      R"(http.request(host: "exa mple.com"))",
                                      "fs.write(path: \"\xff\")"}) {
    EXPECT_FALSE(GrantPattern::parse(text).has_value()) << text;
  }
  EXPECT_EQ(GrantPattern::parse(std::string(20'000, 'a')).error().code, ErrorCode::kTooLarge);
}

TEST(GrantPattern, EveryPathMustBeCovered) {
  EXPECT_TRUE(covers(R"(fs.write(path: "src/*"))", write({"src/a", "src/b/c"})));
  EXPECT_FALSE(covers(R"(fs.write(path: "src/*"))", write({"src/a", "docs/b"})));
  EXPECT_TRUE(covers(R"(fs.write(path: "src/*", path: "docs/*"))", write({"src/a", "docs/b"})));
  EXPECT_FALSE(covers(R"(fs.write(path: "src/*"))", write({"src"})));
  EXPECT_FALSE(covers(R"(fs.write(path: "src/*"))", write({})));
  EXPECT_FALSE(covers(R"(fs.write(path: "src/*"))", write({"src/../secret"})));
  EXPECT_FALSE(covers(R"(fs.write(path: "*src/*"))", write({"/src/a"})));
  EXPECT_FALSE(covers(R"(fs.edit(path: "src/*"))", write({"src/a"})));
  CallFacts outside = write({"src/a"});
  outside.outside_workspace = true;
  EXPECT_FALSE(covers(R"(fs.write(path: "src/*"))", outside));
}

TEST(GrantPattern, EveryHostMustBeCovered) {
  EXPECT_TRUE(covers(R"(http.request(host: "*.example.com"))", request({"api.example.com"})));
  EXPECT_FALSE(covers(R"(http.request(host: "*.example.com"))", request({"example.com"})));
  EXPECT_FALSE(covers(R"(http.request(host: "*.example.com"))", request({"badexample.com"})));
  EXPECT_FALSE(covers(R"(http.request(host: "example.com"))", request({"example.com.evil.net"})));
  EXPECT_FALSE(covers(R"(http.request(host: "example.com"))", request({"example.com", "evil.net"})));
  EXPECT_TRUE(covers(R"(http.request(host: "127.0.0.1"))", request({"127.0.0.1"})));
}

// A rule that was kept for a harmless GET is none for what a page orders of the same host.
TEST(GrantPattern, AMethodBesideAHostLimitsIt) {
  const char* rule = R"(http.request(host: "api.example.com", arg.method: "GET"))";
  CallFacts get = request({"api.example.com"});
  get.method = "GET";
  EXPECT_TRUE(covers(rule, get)) << "whether the arguments say so or leave it out";
  get.arguments = {{"url", "https://api.example.com/2"}, {"method", "GET"}, {"headers", {{"Accept", "*/*"}}}};
  EXPECT_TRUE(covers(rule, get));
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", ""}) {
    CallFacts other = get;
    other.method = method;
    other.arguments["method"] = method;
    EXPECT_FALSE(covers(rule, other)) << method;
  }
  CallFacts elsewhere = get;
  elsewhere.hosts = {"evil.example"};
  EXPECT_FALSE(covers(rule, elsewhere));
  // Any other argument still pins the whole call.
  EXPECT_FALSE(
      covers(R"(http.request(host: "api.example.com", arg.method: "GET", arg.url: "https://x"))", get));
  EXPECT_FALSE(covers(R"(http.request(arg.method: "GET"))", get)) << "without a host it is no limit";
}

TEST(GrantPattern, ACallWithASecretIsCoveredByNone) {
  CallFacts call = request({"api.example.com"});
  call.method = "GET";
  for (const char* rule : {R"(http.request(host: "api.example.com"))",
                           R"(http.request(host: "api.example.com", arg.method: "GET"))",
                           R"(http.request(arg.url: "https://x"))", R"(http.request(call: "sha256:w"))"}) {
    call.hands_out_secret = false;
    EXPECT_TRUE(covers(rule, call)) << rule;
    call.hands_out_secret = true;
    EXPECT_FALSE(covers(rule, call)) << rule;
  }
  EXPECT_FALSE(suggest_pattern(call).has_value());
}

TEST(GrantPattern, WhatNoSelectorNamesIsNotCovered) {
  CallFacts download = request({"example.com"});
  download.paths = {"out.bin"};
  EXPECT_FALSE(covers(R"(http.request(host: "example.com"))", download));
  EXPECT_FALSE(covers(R"(http.request(path: "out.bin"))", download));
  EXPECT_TRUE(covers(R"(http.request(host: "example.com", path: "out.bin"))", download));
  EXPECT_TRUE(covers(R"(http.request(call: "sha256:w"))", download));
  EXPECT_TRUE(covers(R"(http.request(arg.url: "https://x"))", download));
  EXPECT_FALSE(covers(R"(http.request(arg.url: "https://x", host: "other.com"))", download));
}

TEST(GrantPattern, ArgumentsArePinnedWhole) {
  CallFacts save = write({});
  save.tool = "memory.save";
  save.arguments = {{"text", "buy milk"}, {"days", 30}};
  EXPECT_TRUE(covers(R"(memory.save(arg.text: "buy milk", arg.days: 30.0))", save));
  EXPECT_FALSE(covers(R"(memory.save(arg.text: "buy milk"))", save))
      << "days was never seen by the person who said yes";
  EXPECT_FALSE(covers(R"(memory.save(arg.text: "buy *", arg.days: 30))", save))
      << "arguments know no wildcards";
  EXPECT_FALSE(covers(R"(memory.save(arg.text: "buy milk", arg.days: 30, arg.kind: "x"))", save));
  save.call_hash.clear();
  EXPECT_FALSE(covers(R"(memory.save(call: "sha256:w"))", save));
}

TEST(Grant, ScopeSessionPrincipalAndExpiry) {
  struct Row {
    GrantScope scope;
    bool same_session, same_principal;
    std::int64_t expires_in_ms;  // 0: never
    bool exact, covers;
  };
  const std::vector<Row> rows = {
      {GrantScope::kOnce, true, true, 0, true, true},
      {GrantScope::kOnce, false, true, 0, true, false},
      {GrantScope::kOnce, true, false, 0, true, false},
      {GrantScope::kOnce, true, true, 0, false, false},
      {GrantScope::kOnce, true, true, -1, true, false},
      {GrantScope::kOnce, true, true, 1, true, true},
      {GrantScope::kSession, true, true, 0, false, true},
      {GrantScope::kSession, false, true, 0, false, false},
      {GrantScope::kSession, true, false, 0, false, false},
      {GrantScope::kSession, true, true, -1, false, false},
      {GrantScope::kSession, true, true, 1, false, true},
      {GrantScope::kAlways, true, true, 0, false, true},
      {GrantScope::kAlways, false, true, 0, false, true},
      {GrantScope::kAlways, false, false, 0, false, false},
      {GrantScope::kAlways, false, true, -1, false, false},
      {GrantScope::kAlways, false, true, 1, false, true},
  };
  const WallTime at{1'000'000};
  for (const Row& row : rows) {
    Grant grant;
    grant.scope = row.scope;
    grant.pattern =
        GrantPattern::parse(row.exact ? R"(fs.write(call: "sha256:w"))" : R"(fs.write(path: "src/*"))")
            .value();
    grant.session = SessionId(row.same_session ? "ses_1" : "ses_2");
    grant.principal = PrincipalId(row.same_principal ? "prn_1" : "prn_2");
    grant.workspace = "";
    if (row.expires_in_ms != 0) grant.expires_at = WallTime{at.unix_ms + row.expires_in_ms};
    const std::string why_not = grant.why_not(write({"src/a"}), at);
    EXPECT_EQ(why_not.empty(), row.covers) << to_text(grant.scope) << " " << why_not;
  }
}

TEST(Grant, ExpiresAtItsInstant) {
  Grant grant{"grt", GrantScope::kAlways,  GrantPattern::parse(R"(fs.write(path: "src/*"))").value(),
              {},    PrincipalId("prn_1"), WallTime{10},
              ""};
  EXPECT_EQ(grant.why_not(write({"src/a"}), {9}), "");
  EXPECT_EQ(grant.why_not(write({"src/a"}), {10}), "expired");
  EXPECT_NE(grant.why_not(write({"docs/a"}), {9}), "");
  EXPECT_EQ(grant.why_not(request({"x.y"}), {9}), "another tool");
}

// PO-06: "make test" of one folder says nothing of what it runs in another, for instance in a clone of a
// stranger's.
TEST(Grant, CountsOnlyInTheFolderItWasGivenIn) {
  struct Row {
    std::optional<std::string> given_in;
    std::string called_in;
    bool covers;
  };
  const std::vector<Row> rows = {
      {"/home/me/a", "/home/me/a", true},
      {"/home/me/a", "/home/me/b", false},
      {"/home/me/a", "/home/me/a/b", false},
      {"/home/me/a", "", false},
      {"", "", true},
      {"", "/home/me/a", false},
      {std::nullopt, "", false},
      {std::nullopt, "/home/me/a", false},
  };
  for (const GrantScope scope : {GrantScope::kSession, GrantScope::kAlways}) {
    for (const Row& row : rows) {
      Grant grant;
      grant.scope = scope;
      grant.session = SessionId("ses_1");
      grant.principal = PrincipalId("prn_1");
      grant.workspace = row.given_in;
      for (const auto& [pattern, facts] :
           {std::pair(R"(fs.write(path: "src/*"))", write({"src/a"})),
            std::pair(R"(http.request(host: "example.com"))", request({"example.com"}))}) {
        grant.pattern = GrantPattern::parse(pattern).value();
        CallFacts call = facts;
        call.workspace = row.called_in;
        EXPECT_EQ(grant.why_not(call, {9}).empty(), row.covers)
            << pattern << " of " << row.given_in.value_or("nowhere") << " in " << row.called_in;
      }
    }
  }
}

TEST(Grant, ScopesHaveNames) {
  for (const GrantScope scope : {GrantScope::kOnce, GrantScope::kSession, GrantScope::kAlways}) {
    EXPECT_EQ(grant_scope_from_text(to_text(scope)), scope);
  }
  EXPECT_FALSE(grant_scope_from_text("forever").has_value());
}

TEST(SuggestPattern, IsTheNarrowestThatReadsWellAndCoversTheCall) {
  EXPECT_EQ(suggest_pattern(write({"src/a", "b"}))->to_text(), R"(fs.write(path: "src/a", path: "b"))");
  EXPECT_EQ(suggest_pattern(request({"example.com"}))->to_text(), R"(http.request(host: "example.com"))");
  CallFacts post = request({"example.com"});
  post.method = "POST";
  EXPECT_EQ(suggest_pattern(post)->to_text(), R"(http.request(host: "example.com", arg.method: "POST"))");
  CallFacts save = write({});
  save.tool = "memory.save";
  save.arguments = {{"text", "milk"}};
  EXPECT_EQ(suggest_pattern(save)->to_text(), R"(memory.save(arg.text: "milk"))");
  save.arguments = {{"text", std::string(5000, 'x')}};
  EXPECT_FALSE(suggest_pattern(save).has_value()) << "only its hash is left, and that never comes again";
  EXPECT_EQ(suggest_pattern(write({"a*b"}))->to_text(), R"(fs.write(arg.path: "a*b", arg.text: "x"))")
      << "a name, not a glob";
  CallFacts outside = write({"src/a"});
  outside.outside_workspace = true;
  EXPECT_FALSE(suggest_pattern(outside).has_value());
}

}  // namespace
}  // namespace pryx::trust
