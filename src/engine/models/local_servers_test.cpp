// SPDX-License-Identifier: MIT
// Against real sockets that say what each kind of server says. The servers' own forms are in
// tests/e2e/detect_test.py.
#include "engine/models/local_servers.h"

#include <gtest/gtest.h>

#include "foundation/net/http_client.h"
#include "foundation/net/testing/raw_server.h"
#include "foundation/net/testing/real_loop.h"

namespace pryx::models {
namespace {

using net::testing::RawConnection;
using net::testing::RawServer;
using net::testing::RealLoop;

std::vector<LocalServer> find(std::vector<std::uint16_t> ports) {
  RealLoop real;
  const auto http = net::make_http_client(real.loop);
  return net::testing::run(real, find_local_servers(real.loop, *http, std::move(ports)));
}

void answer(RawConnection& connection, std::string_view status, std::string_view body) {
  connection.write(fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status,
                               body.size(), body));
}

TEST(LocalServers, PortsAreReadFromTheirSetting) {
  EXPECT_EQ(*parse_local_ports(kUsualLocalPorts), (std::vector<std::uint16_t>{11434, 8080, 1234, 8000}));
  EXPECT_EQ(*parse_local_ports(" 1, 65535 ,1"), (std::vector<std::uint16_t>{1, 65535}));
  EXPECT_TRUE(parse_local_ports("none")->empty());
  EXPECT_EQ(*parse_local_ports("80, 90,"), (std::vector<std::uint16_t>{80, 90}));
  for (const char* bad : {"", ",", "0", "65536", "x", "80 81", "-1", "80, x,"})
    EXPECT_FALSE(parse_local_ports(bad).has_value()) << bad;
  EXPECT_TRUE(parse_local_ports("80, 90, x").error().message.starts_with("value 3 is no port"));
}

TEST(LocalServers, AServerIsKnownByItsWordsAndNotByItsPort) {
  const RawServer llama([](RawConnection& connection, const std::string& request) {
    EXPECT_EQ(request.find("Authorization"), std::string::npos);
    if (request.starts_with("GET /v1/models"))
      return answer(connection, "200 OK", R"({"data":[{"id":"m","owned_by":"llamacpp"}]})");
    if (request.starts_with("GET /props")) return answer(connection, "200 OK", R"({"build_info":"b1"})");
    answer(connection, "404 Not Found", "{}");
  });
  const RawServer website([](RawConnection& connection, const std::string&) {
    answer(connection, "200 OK", "<html>a page for every path</html>");
  });
  const RawServer locked([](RawConnection& connection, const std::string&) {
    answer(connection, "401 Unauthorized", R"({"data":[{"id":"m"}]})");
  });
  const RawServer gone([](RawConnection&, const std::string&) {});
  const auto found = find({website.port(), gone.port(), llama.port(), locked.port()});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].server, "llama.cpp");
  EXPECT_EQ(found[0].base_url, llama.url("/v1"));
  EXPECT_EQ(found[0].version, "b1");
  EXPECT_EQ(found[0].models, (std::vector<LocalModel>{{.id = "m", .loaded = true}}));
}

TEST(LocalServers, ARedirectIsNotFollowed) {
  std::atomic<int> asked = 0;
  const RawServer elsewhere([&](RawConnection& connection, const std::string&) {
    ++asked;
    answer(connection, "200 OK", R"({"data":[]})");
  });
  const RawServer server([&](RawConnection& connection, const std::string&) {
    connection.write(fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
                                 elsewhere.url("/v1/models")));
  });
  EXPECT_TRUE(find({server.port()}).empty());
  EXPECT_EQ(asked, 0);
}

TEST(LocalServers, TwoOfAKindGetTwoNames) {
  const auto script = [](RawConnection& connection, const std::string& request) {
    const bool is_list = request.starts_with("GET /v1/models");
    answer(connection, is_list ? "200 OK" : "404 Not Found",
           R"({"data":[{"id":"m","owned_by":"somebody"}]})");
  };
  const RawServer one(script);
  const RawServer two(script);
  const auto found = find({one.port(), two.port()});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "local");
  EXPECT_EQ(found[1].name, "local-2");
}

}  // namespace
}  // namespace pryx::models
