// SPDX-License-Identifier: MIT
// The whole way of a failure, in one table: every class of it, on the wire of every kind of provider, at
// every place of an answer, through retries, breaker and turn, to the model that stands in. The bytes are the
// vendors', the time is virtual. The next kind in the table stands in, so each history crosses to another
// wire.
#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"
#include "engine/models/provider_kinds.h"
#include "engine/models/testing/wire_kinds.h"

namespace pryx::agent {
namespace {
using namespace std::chrono_literals;
using models::testing::kWireKinds;
using models::testing::WireKind;
using testing::Corridor;
using testing::kMe;

constexpr std::string_view kCanary = "sk-canary";

enum class Place : std::uint8_t {
  kRefused,           // instead of an answer
  kBeforeTheFirst,    // the head came, no word
  kAfterTheFirst,     // a word was shown
  kMidCall,           // half of a call of a tool came
  kMidCallAfterText,  // a word was shown, and half of a call came
};
constexpr std::pair<Place, std::string_view> kPlaces[] = {
    {Place::kRefused, "refused"},
    {Place::kBeforeTheFirst, "before the first token"},
    {Place::kAfterTheFirst, "after the first token"},
    {Place::kMidCall, "in the middle of a call"},
    {Place::kMidCallAfterText, "in the middle of a call, after text"},
};

enum class How : std::uint8_t { kStatus, kNoConnection, kCut, kSilence, kErrorFrame, kNonsense };
struct Failure {
  std::string_view name;
  How how;
  int status;             // kStatus
  std::string_view code;  // on the wire of Pryx
  bool falls_back;
  int asked;               // how often, while nothing was shown
  int asked_after_words;   // and when something was: the text so far stays, so there is less to win
  std::string_view words;  // of the notice
};
constexpr Failure kFailures[] = {
    {"400", How::kStatus, 400, "invalid_argument", false, 1, 0, ""},
    {"401", How::kStatus, 401, "unauthenticated", true, 2, 0, "refuses its key"},
    {"403", How::kStatus, 403, "forbidden", true, 1, 0, "is not allowed for this key"},
    {"404", How::kStatus, 404, "not_found", true, 1, 0, "is not there"},
    {"429", How::kStatus, 429, "overloaded", true, 8, 0, "over its rate limit"},
    {"500", How::kStatus, 500, "provider", true, 4, 0, "failed"},
    {"503", How::kStatus, 503, "provider", true, 4, 0, "failed"},
    // Five in a row open the breaker before the fifth retry.
    {"no connection", How::kNoConnection, 0, "unavailable", true, 5, 0, "cannot be reached"},
    {"cut", How::kCut, 0, "unavailable", true, 5, 3, "cannot be reached"},
    {"silence", How::kSilence, 0, "timeout", true, 5, 3, "does not answer in time"},
    {"an error inside", How::kErrorFrame, 0, "provider", true, 4, 1, "failed"},
    {"nonsense", How::kNonsense, 0, "provider", true, 4, 1, "failed"},
};

bool fits(Place place, How how) {
  const bool is_refusal = how == How::kStatus || how == How::kNoConnection;
  return is_refusal == (place == Place::kRefused);
}
bool shows_words(Place place) { return place == Place::kAfterTheFirst || place == Place::kMidCallAfterText; }

// What the server of one case sends. Shared with the responses, which may outlive a request.
struct Script {
  const WireKind* broken = nullptr;
  const WireKind* whole = nullptr;
  Place place = Place::kRefused;
  const Failure* failure = nullptr;
  int asked = 0;
  std::vector<std::string> bodies;  // what the one that stands in was sent
};

class ScriptedResponse final : public net::ClientResponse {
 public:
  ScriptedResponse(async::EventLoop& loop, int status, std::vector<std::string> pieces,
                   std::optional<How> end, std::string_view type)
      : loop_(loop), status_(status), pieces_(std::move(pieces)), end_(end) {
    headers_.add("Content-Type", std::string(type));
  }
  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] const net::Headers& headers() const override { return headers_; }
  async::Task<Result<std::optional<std::string>>> read(Duration idle_limit) override {
    if (at_ < pieces_.size()) co_return std::optional(pieces_[at_++]);
    if (end_ == How::kCut) co_return fail(ErrorCode::kUnavailable, "reset by peer");
    if (end_ == How::kSilence) {
      PRYX_CO_TRY_VOID(co_await async::sleep(loop_, idle_limit));
      co_return fail(ErrorCode::kTimeout, "nothing came");
    }
    co_return std::optional<std::string>{};
  }

 private:
  async::EventLoop& loop_;
  int status_;
  net::Headers headers_;
  std::vector<std::string> pieces_;
  std::optional<How> end_;
  std::size_t at_ = 0;
};

struct ScriptedHttp final : net::HttpClient {
  ScriptedHttp(async::EventLoop& loop_in, Script& script_in) : loop(loop_in), script(script_in) {}
  async::Task<Result<std::unique_ptr<net::ClientResponse>>> start(net::ClientRequest request) override {
    if (request.url.find("/api/show") != std::string::npos)
      co_return respond(404, {"{}"}, {}, "application/json");
    if (request.url.starts_with("http://stand-in.example")) {
      script.bodies.push_back(request.body);
      co_return respond(200, {std::string(script.whole->begin), std::string(script.whole->rest)}, {},
                        script.whole->content_type);
    }
    ++script.asked;
    const Failure& failure = *script.failure;
    if (failure.how == How::kNoConnection) co_return fail(ErrorCode::kUnavailable, "connection refused");
    if (failure.how == How::kStatus)
      co_return respond(failure.status, {R"({"error":{"message":"no good","type":"x"}})"}, {},
                        "application/json");
    std::vector<std::string> pieces;
    if (shows_words(script.place)) pieces.emplace_back(script.broken->begin);
    if (script.place == Place::kMidCall || script.place == Place::kMidCallAfterText)
      pieces.emplace_back(script.broken->call_begun);
    if (failure.how == How::kErrorFrame) pieces.emplace_back(script.broken->broken);
    if (failure.how == How::kNonsense) pieces.emplace_back(script.broken->nonsense);
    co_return respond(200, std::move(pieces), failure.how, script.broken->content_type);
  }
  async::Task<void> stop() override { co_return; }

  [[nodiscard]] std::unique_ptr<net::ClientResponse> respond(int status, std::vector<std::string> pieces,
                                                             std::optional<How> end, std::string_view type) {
    return std::make_unique<ScriptedResponse>(loop, status, std::move(pieces), end, type);
  }
  async::EventLoop& loop;
  Script& script;
};

struct CanaryKeys final : models::KeySource {
  async::Task<Result<Secret>> get_key(std::string, bool) override { co_return Secret(std::string(kCanary)); }
};

class FailoverTable : public ::testing::Test, public Corridor {
 protected:
  FailoverTable() { boot(); }
  ~FailoverTable() override { kill(); }

  void put(const WireKind& kind, const std::string& name) {
    auto made = models::make_provider(loop, http, keys,
                                      {.name = name,
                                       .kind = std::string(kind.kind),
                                       .base_url = fmt::format("http://{}.example", name),
                                       .key_secret_name = "k",
                                       .api = std::string(kind.api)});
    ASSERT_TRUE(made) << made.error().message;
    // Another entry for each case, so that no breaker remembers the one before.
    daemon->models.put_provider(name, std::shared_ptr<models::Provider>(std::move(*made)));
  }
  // The codes of the retries that were told meanwhile.
  std::vector<std::string> retries(events::Subscription& told) {
    daemon->events.publish_ephemeral({.principal = kMe, .name = "turn.retrying", .payload = {{"end", true}}});
    std::vector<std::string> codes;
    for (;;) {
      const auto event = now(told.next());
      PRYX_CHECK(event.has_value());
      const auto envelope = json::parse_object((*event)->envelope);
      const json::object& payload = envelope->at("payload").as_object();
      if (payload.contains("end")) return codes;
      codes.push_back(json::string_or(payload, "code"));
    }
  }
  void run_case(const WireKind& broken, const WireKind& whole, Place place, const Failure& failure);

  Script script;
  ScriptedHttp http{loop, script};
  CanaryKeys keys;
};

int count_parts(const std::vector<Message>& messages, std::string_view type, std::string* text = nullptr) {
  int found = 0;
  for (const Message& message : messages) {
    for (const Part& part : message.parts) {
      if (part.type != type) continue;
      ++found;
      if (text != nullptr) *text = part.text;
    }
  }
  return found;
}

void FailoverTable::run_case(const WireKind& broken, const WireKind& whole, Place place,
                             const Failure& failure) {
  script = {
      .broken = &broken, .whole = &whole, .place = place, .failure = &failure, .asked = 0, .bodies = {}};
  put(broken, "first");
  put(whole, "stand-in");
  daemon->engine.set_default_model("first/m");
  daemon->engine.set_fallbacks({"stand-in/m"});
  const auto told = daemon->events.subscribe({.principal = kMe, .names = {"turn.retrying"}});
  const auto fallbacks_before = count_events("turn.fallback");
  const SessionId s = session();
  const TurnId t = send(s, "hi there");
  settle();
  pass(30min);

  const Turn ended = turn(t);
  const bool shown = shows_words(place);
  EXPECT_EQ(script.asked, shown ? failure.asked_after_words : failure.asked);
  EXPECT_EQ(count_events("turn.fallback") - fallbacks_before, failure.falls_back ? 1 : 0);
  const std::vector<std::string> retried = retries(*told);
  // The last wait before an open breaker is told of, and then it is not asked.
  const int told_waits =
      failure.asked == models::CircuitBreaker::kFailuresToOpen ? failure.asked : failure.asked - 1;
  EXPECT_EQ(static_cast<int>(retried.size()), shown ? 0 : told_waits);
  for (const std::string& code : retried) EXPECT_EQ(code, failure.code);
  EXPECT_TRUE(world.runs.empty()) << "a call that never came whole was run";
  const std::vector<Message> transcript = messages(s);
  EXPECT_EQ(count_parts(transcript, "tool_call"), 0);
  if (!failure.falls_back) {
    EXPECT_EQ(to_text(ended.state), "failed");
    EXPECT_EQ(ended.error_code, failure.code);
    EXPECT_NE(ended.error_detail.find("no good"), std::string::npos) << ended.error_detail;
    EXPECT_TRUE(script.bodies.empty());
    return;
  }
  EXPECT_EQ(to_text(ended.state), "completed") << ended.error_detail;
  EXPECT_EQ(ended.answered_by.substr(0, 9), "stand-in/") << ended.answered_by;
  EXPECT_EQ(transcript.back().text(), "Hello");
  std::string notice;
  EXPECT_EQ(count_parts(transcript, "notice", &notice), 1);
  EXPECT_NE(notice.find(failure.words), std::string::npos) << notice;
  EXPECT_NE(notice.find("stand-in/m answers instead"), std::string::npos) << notice;
  EXPECT_EQ(notice.find(kCanary), std::string::npos);
  int interrupted = 0;
  for (const Message& message : transcript) {
    for (const Part& part : message.parts) {
      if (part.state != PartState::kInterrupted) continue;
      ++interrupted;
      EXPECT_EQ(part.text, "Hel");
    }
  }
  EXPECT_EQ(interrupted, shown ? failure.asked_after_words : 0);
  // The one that stands in reads what the person said, and neither the notice nor the broken attempts.
  ASSERT_EQ(script.bodies.size(), 1u);
  EXPECT_NE(script.bodies[0].find("hi there"), std::string::npos);
  for (const std::string_view absent : {"answers instead", "Hel\"", "test_pure\",\"arg", "first.example"})
    EXPECT_EQ(script.bodies[0].find(absent), std::string::npos) << absent;
}

TEST_F(FailoverTable, EveryFailureOfEveryKindAtEveryPlace) {
  int cases = 0;
  for (std::size_t k = 0; k < std::size(kWireKinds); ++k) {
    for (const auto& [place, where] : kPlaces) {
      for (const Failure& failure : kFailures) {
        if (!fits(place, failure.how)) continue;
        SCOPED_TRACE(fmt::format("{}: {}, {}", kWireKinds[k].name, failure.name, where));
        run_case(kWireKinds[k], kWireKinds[(k + 1) % std::size(kWireKinds)], place, failure);
        ++cases;
      }
    }
  }
  EXPECT_EQ(cases, 5 * (8 + 4 * 4));
}

}  // namespace
}  // namespace pryx::agent
