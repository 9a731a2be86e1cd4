// SPDX-License-Identifier: MIT
// What a person gets of a session's work over HTTP: the long results of its steps, and its end when it is
// archived.
#include <gtest/gtest.h>

#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;

class WorkInSession : public ApiFixture {
 protected:
  // A turn whose tool waits for a person.
  std::string waiting_turn(const std::string& session) {
    house.model->calls = {{"c1", "note.add", R"({"text":"milk"})"}};
    const json::object body{{"text", "note it"}};
    const Answer sent =
        send_now(testing::make_request("POST", "/api/v1/sessions/" + session + "/messages", &body));
    EXPECT_EQ(sent.status, 202) << sent.body;
    return "/api/v1/turns/" + json::string_or(sent.json, "turn_id");
  }
  // As if the last step of all had given these bytes.
  void keep_result(std::string bytes) {
    const std::string ref = async::testing::run(loop, house.results.put(std::move(bytes))).value();
    const auto written =
        async::testing::run(loop, house.database->write([ref](db::Transaction& t) -> Result<void> {
          PRYX_TRY_VOID(t.db().run("UPDATE steps SET result_ref = $1 WHERE kind = 'tool'", ref));
          return {};
        }));
    ASSERT_TRUE(written) << written.error().message;
  }
  Answer patch_now(const std::string& path, const json::object& body) {
    return send_now(testing::make_request("PATCH", path, &body));
  }
};

TEST_F(WorkInSession, AKeptResultIsReadByteForByteAndDoesNothing) {
  const std::string session = new_session();
  const std::string turn = waiting_turn(session);
  ASSERT_EQ(post(turn + "/cancel").status, 200);
  json::object step;
  for (const json::value& one : get(turn).json.at("steps").as_array()) {
    if (json::string_or(one.as_object(), "kind") == "tool") step = one.as_object();
  }
  const std::string id = json::string_or(step, "id");
  const std::string path = turn + "/steps/" + id + "/result";
  EXPECT_EQ(get(path).status, 404) << "nothing is kept of it";
  const std::string bytes = std::string(100'000, 'a') + "\x1b[31m\xFF<script>1</script>";
  keep_result(bytes);
  const Answer kept = get(path);
  EXPECT_EQ(kept.status, 200);
  EXPECT_EQ(kept.body, bytes);
  EXPECT_EQ(kept.headers.find("Content-Type").value_or(""), "text/plain; charset=utf-8");
  EXPECT_EQ(kept.headers.find("X-Content-Type-Options").value_or(""), "nosniff");
  EXPECT_EQ(kept.headers.find("Content-Security-Policy").value_or(""), "default-src 'none'; sandbox");
  EXPECT_EQ(kept.headers.find("Cross-Origin-Resource-Policy").value_or(""), "same-origin");
  EXPECT_EQ(kept.headers.find("Content-Disposition").value_or(""), "attachment; filename=\"" + id + ".txt\"");
  EXPECT_EQ(kept.headers.find("Cache-Control").value_or(""), "private, no-store");
  const std::string other = waiting_turn(session);
  EXPECT_EQ(send_now(testing::make_request("GET", other + "/steps/" + id + "/result")).status, 404)
      << "of another turn";
  EXPECT_EQ(send_now(testing::make_request("GET", turn + "/steps/stp_1/result")).status, 404);
  EXPECT_EQ(post(path).status, 405);
}

TEST_F(WorkInSession, ArchivingWaitsForOpenTurns) {
  const std::string path = "/api/v1/sessions/" + new_session();
  const std::string turn = waiting_turn(path.substr(path.rfind('/') + 1));
  const Answer refused = patch_now(path, {{"status", "archived"}, {"title", "over"}});
  EXPECT_EQ(refused.status, 409) << refused.body;
  const std::string why = json::string_or(refused.json, "detail");
  EXPECT_NE(why.find("1 open turns"), std::string::npos) << why;
  EXPECT_NE(why.find("cancel them first"), std::string::npos) << why;
  const Answer same = send_now(testing::make_request("GET", path));
  EXPECT_EQ(json::string_or(same.json, "status"), "active");
  EXPECT_NE(json::string_or(same.json, "title"), "over") << "all of a change or nothing";
  EXPECT_EQ(patch_now(path, {{"title", "busy"}}).status, 200) << "other changes wait for nothing";
  ASSERT_EQ(post(turn + "/cancel").status, 200);
  EXPECT_EQ(json::string_or(patch(path, {{"status", "archived"}}).json, "status"), "archived");
}

}  // namespace
}  // namespace pryx::server
