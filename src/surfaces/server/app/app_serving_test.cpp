// SPDX-License-Identifier: MIT
#include "surfaces/server/app/app_serving.h"

#include <gtest/gtest.h>

#include "foundation/base/text.h"

namespace pryx::server {
namespace {

constexpr std::string_view kOrigin = "http://127.0.0.1:7799";

// "The harbour lies still. " three times.
const std::string kGzip = *from_hex(
    "1f8b08000000000002030bc94855c8482c4aca2f2d52c8c94c2d56282ec9ccc9d15308215"
    "11c00002029a548000000");
const std::string kPlain = "The harbour lies still. The harbour lies still. The harbour lies still. ";

const AppFile kFiles[] = {
    {"/assets/index-D3k9xQ2a.js", "aa", 72, {}, kGzip, "brotli bytes"},
    {"/assets/logo-Bx91.png", "bb", 4, "\x89PNG", {}, {}},
    {"/icon.svg", "cc", 72, {}, kGzip, {}},
    {"/index.html", "dd", 40, "<meta nonce=__PRYX_NONCE__><i>__PRYX_NONCE__", {}, {}},
};

net::Request ask(std::string path, const std::string& accept = {}, const std::string& if_none_match = {}) {
  net::Request request;
  request.method = "GET";
  request.path = std::move(path);
  request.headers.add("Host", "127.0.0.1:7799");
  if (!accept.empty()) request.headers.add("Accept-Encoding", accept);
  if (!if_none_match.empty()) request.headers.add("If-None-Match", if_none_match);
  return request;
}

net::Response serve(const net::Request& request, std::string_view nonce = "n0nce") {
  auto response = serve_app(kFiles, request, nonce, kOrigin);
  EXPECT_TRUE(response.has_value()) << request.path;
  return response ? std::move(*response) : net::Response{.status = 0, .headers = {}, .body = {}};
}

std::string header(const net::Response& response, std::string_view name) {
  EXPECT_LE(response.headers.count(name), 1u) << name;
  return std::string(response.headers.find(name).value_or(""));
}

TEST(AppServing, PlacesAreWordsThatNoApiHas) {
  for (const char* path :
       {"/", "/sessions", "/sessions/", "/sessions/ses_01J9", "/trace/trn_01J9/span/4", "/chat",
        "/models/qwen2.5-coder:7b", "/memory/caf\xc3\xa9 au lait", "/settings/tokens"})
    EXPECT_TRUE(is_app_place(path)) << path;
  for (const char* path : {"",
                           "sessions",
                           "/api",
                           "/api/v1/nothing",
                           "/api/v2/health",
                           "/v1/models",
                           "/mcp",
                           "/metrics",
                           "/assets/x",
                           "/openapi.json",
                           "/page.js",
                           "/sessions/page.js",
                           "/../etc/passwd",
                           "/sessions/../x",
                           "/sessions/.env",
                           "//evil.example",
                           "/sessions//x",
                           "/.well-known/x",
                           "/API/v1",
                           "/a\nb",
                           "/sessions/a\x01",
                           "/-x",
                           "/caf\xc3\xa9"})
    EXPECT_FALSE(is_app_place(path)) << path;
  EXPECT_FALSE(is_app_place("/chat/" + std::string(600, 'x')));
}

TEST(AppServing, EveryPlaceIsThePageWithANonceOfItsOwn) {
  for (const char* path : {"/", "/index.html", "/sessions", "/trace/trn_1"}) {
    const net::Response page = serve(ask(path, "gzip, br"));
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.body, "<meta nonce=n0nce><i>n0nce") << path;
    EXPECT_EQ(header(page, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
    EXPECT_EQ(header(page, "ETag"), "W/\"dd\"");
    EXPECT_EQ(header(page, "Content-Encoding"), "");
    EXPECT_NE(header(page, "Content-Security-Policy").find("'nonce-n0nce'"), std::string::npos);
  }
  // A 304 would pair the stored page's nonce with another policy.
  EXPECT_EQ(serve(ask("/", "", "W/\"dd\"")).status, 200);
}

TEST(AppServing, ThePolicyAllowsOwnFilesAndNothingElse) {
  const std::string policy = page_policy("abc", kOrigin);
  for (const char* piece :
       {"default-src 'none'", "script-src 'self';", "style-src 'self' 'nonce-abc';", "worker-src 'self';",
        "connect-src 'self' ws://127.0.0.1:7799;", "object-src 'none'", "base-uri 'none'",
        "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types pryx"})
    EXPECT_NE(policy.find(piece), std::string::npos) << piece;
  for (const char* piece : {"unsafe", "*", "http:", "https:", "strict-dynamic"})
    EXPECT_EQ(policy.find(piece), std::string::npos) << piece;
  const std::string secure = page_policy("abc", "https://pryx.example.net:8443");
  EXPECT_NE(secure.find("connect-src 'self' wss://pryx.example.net:8443;"), std::string::npos) << secure;
  EXPECT_EQ(secure.find("ws://"), std::string::npos) << secure;
}

TEST(AppServing, FilesGoOutInTheBestFormTheClientTakes) {
  const std::string path = "/assets/index-D3k9xQ2a.js";
  const net::Response brotli = serve(ask(path, "gzip, deflate, br"));
  EXPECT_EQ(brotli.body, "brotli bytes");
  EXPECT_EQ(header(brotli, "Content-Encoding"), "br");
  EXPECT_EQ(header(brotli, "ETag"), "\"aa-br\"");
  EXPECT_EQ(header(brotli, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(brotli, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(header(brotli, "Content-Type"), "text/javascript; charset=utf-8");
  const net::Response gzip = serve(ask(path, "gzip"));
  EXPECT_EQ(gzip.body, kGzip);
  EXPECT_EQ(header(gzip, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(gzip, "ETag"), "\"aa-gz\"");
  const net::Response plain = serve(ask(path));
  EXPECT_EQ(plain.body, kPlain);
  EXPECT_EQ(header(plain, "Content-Encoding"), "");
  EXPECT_EQ(header(plain, "ETag"), "\"aa\"");
  const net::Response picture = serve(ask("/assets/logo-Bx91.png", "br"));
  EXPECT_EQ(picture.body, "\x89PNG");
  EXPECT_EQ(header(picture, "Vary"), "");
  EXPECT_EQ(header(picture, "Content-Type"), "image/png");
  EXPECT_EQ(header(serve(ask("/icon.svg", "br, gzip")), "Content-Encoding"), "gzip");
  EXPECT_EQ(header(serve(ask("/icon.svg")), "Cache-Control"), "no-cache");
}

TEST(AppServing, AnAcceptedFormHasAQuality) {
  const AppFile& file = kFiles[0];
  EXPECT_EQ(choose_encoding("br;q=0, gzip", file), Encoding::kGzip);
  EXPECT_EQ(choose_encoding("br;q=0.5, gzip;q=0.8", file), Encoding::kGzip);
  EXPECT_EQ(choose_encoding("BR", file), Encoding::kBrotli);
  EXPECT_EQ(choose_encoding("*", file), Encoding::kBrotli);
  EXPECT_EQ(choose_encoding("*;q=0", file), Encoding::kIdentity);
  EXPECT_EQ(choose_encoding("br;q=0, *", file), Encoding::kGzip);
  EXPECT_EQ(choose_encoding("identity", file), Encoding::kIdentity);
  EXPECT_EQ(choose_encoding("gzip;q=x, br;level=9", file), Encoding::kIdentity);
  EXPECT_EQ(choose_encoding("brotli, gzippy,, ;q=1", file), Encoding::kIdentity);
}

TEST(AppServing, AKnownTagSavesTheBytes) {
  const std::string path = "/assets/index-D3k9xQ2a.js";
  for (const char* tags : {"\"aa-br\"", "\"x\", W/\"aa-br\"", "*"}) {
    const net::Response same = serve(ask(path, "br", tags));
    EXPECT_EQ(same.status, 304) << tags;
    EXPECT_EQ(same.body, "");
    EXPECT_EQ(header(same, "ETag"), "\"aa-br\"");
    EXPECT_EQ(header(same, "Vary"), "Accept-Encoding");
  }
  for (const char* tags : {"\"aa\"", "aa-br", "\"aa-gz\"", "\"bb-br\""})
    EXPECT_EQ(serve(ask(path, "br", tags)).status, 200) << tags;
}

TEST(AppServing, WhatIsNoFileIsNotFound) {
  for (const char* path :
       {"/assets/index-D3k9xQ2b.js", "/assets/", "/index.htm l.js", "/assets/../index.html"})
    EXPECT_EQ(serve_app(kFiles, ask(path), "n", kOrigin).error().code, ErrorCode::kNotFound) << path;
}

TEST(AppServing, WhatIsBuiltInIsWhole) {
  const auto files = embedded::app_files();
  ASSERT_NE(find_app_file(files, "/index.html"), nullptr);
  EXPECT_TRUE(std::ranges::is_sorted(files, {}, &AppFile::path));
  for (const AppFile& file : files) {
    EXPECT_EQ(file.digest.size(), 32u) << file.path;
    EXPECT_NE(media_type_of(file.path), "application/octet-stream") << file.path;
    EXPECT_NE(file.identity.empty(), file.gzip.empty()) << file.path;
    auto plain = serve_app(files, ask(std::string(file.path)), "n", kOrigin);
    ASSERT_TRUE(plain.has_value()) << file.path;
    if (file.path != "/index.html") EXPECT_EQ(plain->body.size(), file.size) << file.path;
  }
}

}  // namespace
}  // namespace pryx::server
