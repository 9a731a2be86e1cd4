// SPDX-License-Identifier: MIT
#include "foundation/net/url.h"

#include <gtest/gtest.h>

#include "foundation/net/http_client_transfer.h"

namespace pryx::net {
namespace {

TEST(Url, CanonicalForms) {
  constexpr std::pair<const char*, const char*> kRows[] = {
      {"http://example.com", "http://example.com/"},
      {"HTTPS://Api.Example.COM./a/../b?x=1#top", "https://api.example.com/b?x=1"},
      {"http://example.com:80/", "http://example.com/"},
      {"http://example.com:8080", "http://example.com:8080/"},
      {"https://example.com:80/", "https://example.com:80/"},
      {"http://example.com?q", "http://example.com/?q"},
      {"http://example.com/a?", "http://example.com/a"},
      {"http://example.com/a/./b/..", "http://example.com/a/"},
      {"http://example.com/%2e%2E/x", "http://example.com/x"},
      {"http://example.com/../../etc/passwd", "http://example.com/etc/passwd"},
      {"http://example.com//a//b/../c", "http://example.com//a//c"},
      {"http://example.com/a?b=../..&c=/./", "http://example.com/a?b=../..&c=/./"},
      {"http://example.com/\xC3\xBC?\xC3\xA4", "http://example.com/%C3%BC?%C3%A4"},
      {"http://example.com/<a>|{b}", "http://example.com/%3Ca%3E%7C%7Bb%7D"},
      {"http://[::1]:8080/", "http://[::1]:8080/"},
      {"http://[::ffff:127.0.0.1]/", "http://127.0.0.1/"},
      {"http://[2001:DB8:0:0::1]/", "http://[2001:db8::1]/"},
      {"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
      {"http://a_b.example/", "http://a_b.example/"},
      {"http://example.com/a@b:c", "http://example.com/a@b:c"},
  };
  for (const auto& [text, canonical] : kRows) {
    const auto url = parse_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().message;
    EXPECT_EQ(url->text(), canonical);
    const auto again = parse_url(url->text());
    ASSERT_TRUE(again) << canonical;
    EXPECT_EQ(*again, *url) << canonical;
  }
}

TEST(Url, RefusesWhatCouldBeReadInTwoWays) {
  using namespace std::string_view_literals;
  constexpr std::string_view kBad[] = {
      ""sv,
      "example.com"sv,
      "/a"sv,
      "//example.com/"sv,
      "http:/example.com"sv,
      "http:example.com"sv,
      "http://"sv,
      "http:///a"sv,
      "http://?a"sv,
      "ftp://example.com/"sv,
      "file:///etc/passwd"sv,
      "gopher://example.com/"sv,
      "javascript:alert(1)"sv,
      "data:text/plain,a"sv,
      "unix:///run/docker.sock"sv,
      "http+unix://%2Frun/"sv,
      " http://example.com/"sv,
      "http://example.com/ "sv,
      "http://exa mple.com/"sv,
      "http://example.com/a b"sv,
      "http://example.com/\t"sv,
      "http://example.com/\r\nX: y"sv,
      "http://example.com\0.evil.example/"sv,
      "http://example.com/\0"sv,
      "http://example.com/%00"sv,
      "http://example.com%00.evil.example/"sv,
      "http://example.com/%"sv,
      "http://example.com/%4"sv,
      "http://example.com/%zz"sv,
      "http://user@example.com/"sv,
      "http://user:pw@example.com/"sv,
      "http://@example.com/"sv,
      "http://a@b@example.com/"sv,
      "http://example.com\\@evil.example/"sv,
      "http://example.com\\.evil.example/"sv,
      "http:\\\\example.com\\"sv,
      "http://example.com/\\evil.example"sv,
      "http://127.1/"sv,
      "http://127.0.1/"sv,
      "http://2130706433/"sv,
      "http://0x7f000001/"sv,
      "http://0x7f.0.0.1/"sv,
      "http://0177.0.0.1/"sv,
      "http://017700000001/"sv,
      "http://127.0.0.01/"sv,
      "http://0/"sv,
      "http://0x/"sv,
      "http://1.2.3.4.5/"sv,
      "http://256.0.0.1/"sv,
      "http://127.0.0.1..​/"sv,
      "http://example.com../"sv,
      "http://.example.com/"sv,
      "http://./"sv,
      "http://a..b/"sv,
      "http://-a.example/"sv,
      "http://a-.example/"sv,
      "http://*.example.com/"sv,
      "http://exam%70le.com/"sv,
      "http://\xE2\x93\x94xample.com/"sv,
      "http://b\xC3\xBC"
      "cher.example/"sv,
      "http://example\xE3\x80\x82"
      "com/"sv,
      "http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/"sv,
      "http://[::1/"sv,
      "http://::1/"sv,
      "http://[fe80::1%25eth0]/"sv,
      "http://[fe80::1%eth0]/"sv,
      "http://[v1.a]/"sv,
      "http://[127.0.0.1]/"sv,
      "http://[::1].example.com/"sv,
      "http://[]/"sv,
      "http://[::1]x:80/"sv,
      "http://example.com:/"sv,
      "http://example.com:0/"sv,
      "http://example.com:65536/"sv,
      "http://example.com:080/"sv,
      "http://example.com:8 0/"sv,
      "http://example.com:+80/"sv,
      "http://example.com:80:80/"sv,
      "http://example.com:abc/"sv,
      "http://exa'mple.com/"sv,
      "http://example.com,evil.example/"sv,
      "http://example.com;evil.example/"sv,
      "http://$(id).example/"sv,
      "http://example.com/#\n"sv,
      "\xFFhttp://example.com/"sv,
      "http://example.com/\xFF"sv,
  };
  for (const std::string_view bad : kBad) {
    const auto url = parse_url(bad);
    EXPECT_FALSE(url) << bad << " was read as " << url->text();
  }
  EXPECT_FALSE(parse_url("http://" + std::string(64, 'a') + ".example/"));
  EXPECT_FALSE(parse_url("http://" + std::string(300, 'a') + "/"));
  EXPECT_FALSE(parse_url("http://example.com/" + std::string(kMaxUrlBytes, 'a')));
}

TEST(Url, NoErrorRepeatsTheUrl) {
  const auto url = parse_url("http://user:hunter2@example.com/");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos);
}

TEST(Url, RedirectsAreReadFromWhereTheyCame) {
  const auto base = parse_url("https://example.com:8443/a/b?c");
  ASSERT_TRUE(base);
  constexpr std::pair<const char*, const char*> kRows[] = {
      {"/x", "https://example.com:8443/x"},
      {"x", "https://example.com:8443/a/x"},
      {"../x?y", "https://example.com:8443/x?y"},
      {"?y", "https://example.com:8443/a/b?y"},
      {"", "https://example.com:8443/a/b?c"},
      {"#f", "https://example.com:8443/a/b?c"},
      {"//other.example/x", "https://other.example/x"},
      {"http://other.example", "http://other.example/"},
      {"x?u=http://a/b:c", "https://example.com:8443/a/x?u=http://a/b:c"},
  };
  for (const auto& [reference, expected] : kRows) {
    const auto url = resolve_reference(*base, reference);
    ASSERT_TRUE(url) << reference << ": " << url.error().message;
    EXPECT_EQ(url->text(), expected) << reference;
  }
  for (const char* bad :
       {"file:///etc/passwd", "javascript:alert(1)", "\\\\evil.example\\", "/\\evil.example",
        "//user@evil.example/", "http:evil.example", "gopher://evil.example/", "a:b", "/a b", "//"})
    EXPECT_FALSE(resolve_reference(*base, bad)) << bad;
}

TEST(Url, HostAndPort) {
  const auto at = parse_host_port("API.example.com.:8443");
  ASSERT_TRUE(at);
  EXPECT_EQ(at->host.name, "api.example.com");
  EXPECT_EQ(at->port, 8443);
  const auto v6 = parse_host_port("[::1]:80");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host.name, "::1");
  EXPECT_EQ(v6->host.text(), "[::1]");
  EXPECT_FALSE(parse_host_port("::1:80"));
  EXPECT_FALSE(parse_host_port("a:"));
  EXPECT_FALSE(parse_host_port(""));
}

// The checked object is the used object: libcurl reads the same from every canonical form.
TEST(Url, LibcurlReadsTheSame) {
  const auto curl = load_curl();
  ASSERT_TRUE(curl) << curl.error().message;
  for (const char* text : {"http://example.com", "https://a.b.example:444/x/../y?z=%20&a=b",
                           "http://[::1]:99/a", "http://[2001:db8::7]/", "http://10.0.0.1/;p?q=1#f",
                           "http://example.com//x", "http://example.com/a@b", "http://example.com/%2e%2e/%2f",
                           "http://a_b.example/?a?b", "http://example.com/:80/"}) {
    const auto url = parse_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().message;
    const auto target = parse_target(**curl, url->text());
    ASSERT_TRUE(target) << url->text() << ": " << target.error().message;
    EXPECT_EQ(target->host, url->host.name);
    EXPECT_EQ(target->origin, url->origin());
    EXPECT_EQ(target->url, url->text());
  }
}

}  // namespace
}  // namespace pryx::net
