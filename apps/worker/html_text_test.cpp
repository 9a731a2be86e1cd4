// SPDX-License-Identifier: MIT
#include "html_text.h"

#include <gtest/gtest.h>

namespace pryx::worker {
namespace {

PageText read(std::string_view html, std::size_t most = 1u << 20) {
  const auto base = net::parse_url("https://example.com/dir/page.html");
  auto page = read_html(html, *base, most);
  EXPECT_TRUE(page) << page.error().message;
  return page ? *page : PageText{};
}

TEST(HtmlText, ReadsAsAPersonWould) {
  const PageText page = read(
      "<!doctype html><html><head><title> The\n title </title><style>p{}</style></head><body>"
      "<h1>Head</h1><p>One   two\nthree &amp; four.</p><p>Next<br>line</p>"
      "<ul><li>a<li>b<ol><li>c</ol></ul><pre>  x\n   y</pre>"
      "<table><tr><th>k<th>v<tr><td>1<td>2</table><hr>end</body></html>");
  EXPECT_EQ(page.title, "The title");
  EXPECT_EQ(page.text,
            "# Head\n\nOne two three & four.\n\nNext\nline\n\n- a\n- b\n\n  1. c\n\n  x\n   y\n\nk | v\n1 | "
            "2\n\n---\n\nend");
  EXPECT_FALSE(page.truncated);
}

TEST(HtmlText, LinksStayAndAreWhole) {
  const PageText page = read(
      "<a href='/x?a=1'>one</a> <a href=\"sub/y\">two</a> <a href='//other.example/'>three</a> <a "
      "href='#top'>four</a> "
      "<a href='javascript:alert(1)'>five</a> <a href='data:text/html,x'>six</a> <a href='/e'></a>seven"
      "<img src=x alt='a cat'>");
  EXPECT_EQ(
      page.text,
      "[one](https://example.com/x?a=1) [two](https://example.com/dir/sub/y) [three](https://other.example/) "
      "four five six seven[image: a cat]");
}

TEST(HtmlText, WhatABrowserHidesIsGone) {
  const PageText page = read(
      "<p>a<script>evil()</script><style>s{}</style><noscript>n</noscript><template>t</template>"
      "<span hidden>h</span><span style='color:red; DISPLAY : none'>d</span><span "
      "style='visibility:hidden'>v</span>"
      "<!-- c --><svg><text>g</text></svg><iframe src=x>i</iframe>b</p>");
  EXPECT_EQ(page.text, "ab");
}

TEST(HtmlText, DeepAndLargePagesAreBounded) {
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "<div>";
  deep += "bottom";
  const PageText page = read(deep);
  EXPECT_TRUE(page.truncated);
  std::string wide = "<p>";
  for (int i = 0; i < 100'000; ++i) wide += "word ";
  const PageText cut = read(wide, 1000);
  EXPECT_TRUE(cut.truncated);
  EXPECT_LE(cut.text.size(), 1000u);
}

TEST(HtmlText, ControlCharactersDoNotPass) {
  for (const char* html :
       {"a\x1b[31mb\x07", "<pre>a\x1b[31mb</pre>", "a&#27;[31mb&#7;", "<pre>&#x9b;31m&#127;</pre>"}) {
    for (const char c : read(html).text) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << html;
  }
}

}  // namespace
}  // namespace pryx::worker
