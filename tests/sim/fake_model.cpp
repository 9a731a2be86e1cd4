// SPDX-License-Identifier: MIT
#include "tests/sim/fake_model.h"

#include <algorithm>

#include "foundation/base/ids.h"
#include "foundation/base/json.h"

namespace pryx::sim {
namespace {

// How an answer ends.
enum class Ending : std::uint8_t { kWell, kCut, kHang };

struct Chunk {
  Duration delay{};
  std::string bytes;
};

class FakeResponse final : public net::ClientResponse {
 public:
  FakeResponse(async::EventLoop& loop, OutsideWorld& world, int status)
      : loop_(loop), world_(world), status_(status) {
    ++world_.open_responses;
  }
  ~FakeResponse() override { --world_.open_responses; }
  FakeResponse(const FakeResponse&) = delete;
  FakeResponse& operator=(const FakeResponse&) = delete;

  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] const net::Headers& headers() const override { return headers_; }

  async::Task<Result<std::optional<std::string>>> read(Duration idle_limit) override {
    if (!world_.pass(OutsideWorld::Point::kNetwork))
      co_return fail(ErrorCode::kUnavailable, "the process is gone");
    const bool ends = next_ == chunks_.size();
    const Duration delay = !ends                      ? chunks_[next_].delay
                           : ending_ == Ending::kHang ? std::chrono::hours(10)
                                                      : Duration{};
    const auto slept = co_await async::sleep(loop_, std::min(delay, idle_limit));
    if (!slept) co_return fail(ErrorCode::kCancelled, "cancelled");
    if (!world_.daemon_is_alive()) co_return fail(ErrorCode::kUnavailable, "the process is gone");
    if (delay > idle_limit) co_return fail(ErrorCode::kTimeout, "nothing came");
    if (ends && ending_ == Ending::kCut) co_return fail(ErrorCode::kUnavailable, "connection reset");
    if (ends) co_return std::optional<std::string>();
    co_return std::optional(std::move(chunks_[next_++].bytes));
  }

  net::Headers headers_;
  std::vector<Chunk> chunks_;
  Ending ending_ = Ending::kWell;

 private:
  async::EventLoop& loop_;
  OutsideWorld& world_;
  int status_;
  std::size_t next_ = 0;
};

std::string frame(const json::object& data) { return "data: " + json::to_text(data) + "\n\n"; }
std::string delta_frame(json::object delta) {
  json::array choices;
  choices.push_back(json::object{{"index", 0}, {"delta", std::move(delta)}});
  return frame({{"id", "c"}, {"model", "sim-1"}, {"choices", std::move(choices)}});
}
std::string finish_frame(std::string_view reason) {
  json::array choices;
  choices.push_back(json::object{{"index", 0}, {"delta", json::object()}, {"finish_reason", reason}});
  return frame({{"id", "c"}, {"choices", std::move(choices)}});
}

std::string text_of(const json::object& message) { return json::string_or(message, "content"); }

constexpr std::string_view kToldOfOthers = "What the tasks before this one came to:";

// Ids of sub-agents that a result tells of, in order.
void find_sub_agents(std::string_view text, std::vector<std::string>& out) {
  constexpr std::size_t kIdLength = 30;
  for (std::size_t at = text.find("ses_"); at != std::string_view::npos; at = text.find("ses_", at + 1)) {
    std::string id(text.substr(at, kIdLength));
    if (SessionId::parse(id) && std::ranges::find(out, id) == out.end()) out.push_back(std::move(id));
  }
}

json::array ids_from(const std::vector<std::string>& known, Dice& dice) {
  json::array out;
  for (std::uint64_t i = dice.between(1, 3); i > 0; --i) {
    json::value id(known[dice.below(known.size())]);
    if (std::ranges::find(out, id) == out.end()) out.push_back(std::move(id));
  }
  return out;
}

// What a model that hands work on asks for: a call's name and its arguments.
std::pair<std::string, json::object> wish_about_agents(const std::vector<std::string>& known,
                                                       std::string_view user, std::uint64_t n, Dice& dice) {
  const std::uint64_t luck = known.empty() ? 0 : dice.below(100);
  if (luck < 55) {
    json::object budget;
    static constexpr std::string_view kSlices[] = {"0.001", "0.008", "0.02", "0.1"};
    if (dice.chance(60)) budget["usd"] = kSlices[dice.below(4)];
    if (dice.chance(50)) budget["tool_calls"] = dice.below(3);
    if (dice.chance(20)) budget["tokens"] = 20'000;
    json::object arguments{{"task", fmt::format("task {} of ({})", n, user)},
                           {"background", dice.chance(60)}};
    if (!budget.empty()) arguments["budget"] = std::move(budget);
    if (!known.empty() && dice.chance(45)) arguments["after"] = ids_from(known, dice);
    if (dice.chance(20)) arguments["tools"] = json::array{"test.*", "agent.list"};
    return {"agent_spawn", std::move(arguments)};
  }
  const json::value one(known[dice.below(known.size())]);
  if (luck < 70) return {"agent_result", {{"id", one}, {"wait_seconds", dice.below(120)}}};
  if (luck < 85)
    return {"agent_collect", {{"ids", ids_from(known, dice)}, {"wait_seconds", dice.below(300)}}};
  if (luck < 92) return {"agent_cancel", {{"id", one}}};
  if (luck < 96) return {"agent_status", {{"id", one}}};
  return {"agent_list", {}};
}

}  // namespace

struct FakeModel::Asked {
  std::string user;                     // the newest message of the user
  std::uint64_t round = 0;              // answers with tool calls since then
  std::vector<std::string> tool_names;  // but those about sub-agents
  bool has_agents = false;
  std::vector<std::string> sub_agents;  // whose ids it was told
  std::uint64_t bytes = 0;              // of the request
};

enum class FakeModel::Trouble : std::uint8_t {
  kNone,
  kRefused,
  kSilent,
  kRateLimit,
  kServerError,
  kRefusal,
  kCut,
  kHang,
  kMalformed,
  kErrorFrame,
  kEarlyEnd
};

FakeModel::FakeModel(async::EventLoop& loop, OutsideWorld& world, std::uint64_t seed)
    : loop_(loop), world_(world), seed_(seed), dice_(seed, "model") {}

// Providers refuse a conversation whose calls and results do not pair up, so this one complains too.
FakeModel::Asked FakeModel::read_request(const net::ClientRequest& request) {
  Asked asked;
  const auto body = json::parse_object(request.body);
  if (!body) {
    world_.violate("the model was sent something that is no JSON");
    return asked;
  }
  asked.bytes = request.body.size();
  if (const std::int64_t longest = json::integer_or(*body, "max_tokens", 0); longest > kMostOutput)
    world_.violate(fmt::format("the model was asked for {} tokens, and it writes {}", longest, kMostOutput));
  std::vector<std::string> open;
  for (const json::value& item : body->at("messages").as_array()) {
    const json::object& message = item.as_object();
    const std::string role = json::string_or(message, "role");
    if (role == "tool") {
      if (std::erase(open, json::string_or(message, "tool_call_id")) != 1)
        world_.violate("the model was sent a tool result that answers no call");
      find_sub_agents(text_of(message), asked.sub_agents);
      continue;
    }
    if (!open.empty())
      world_.violate(fmt::format("the model was sent {} calls without a result", open.size()));
    open.clear();
    if (role == "user" && !text_of(message).starts_with(kToldOfOthers)) {
      asked.user = text_of(message);
      asked.round = 0;
    }
    const json::value* calls = json::find(message, "tool_calls");
    if (calls == nullptr) continue;
    ++asked.round;
    for (const json::value& call : calls->as_array()) open.push_back(json::string_or(call.as_object(), "id"));
  }
  if (!open.empty()) world_.violate(fmt::format("the model was sent {} calls without a result", open.size()));
  if (const json::value* tools = json::find(*body, "tools")) {
    for (const json::value& tool : tools->as_array()) {
      std::string name = json::string_or(tool.as_object().at("function").as_object(), "name");
      if (name == "agent_spawn") asked.has_agents = true;
      if (!name.starts_with("agent_")) asked.tool_names.push_back(std::move(name));
    }
  }
  return asked;
}

std::vector<std::string> FakeModel::compose(const Asked& asked) const {
  Dice dice(seed_ + asked.round, asked.user);
  std::vector<std::string> frames;
  const bool hands_on = asked.has_agents && Dice(seed_, asked.user + " hands on").chance(30);
  const bool has_tools = hands_on || !asked.tool_names.empty();
  const std::uint64_t rounds = has_tools ? Dice(seed_, asked.user).below(hands_on ? 5 : 3) : 0;
  if (dice.chance(20)) frames.push_back(delta_frame({{"reasoning_content", "Let me think."}}));
  if (asked.round >= rounds || dice.chance(20)) {
    const std::uint64_t words = dice.between(1, 12);
    frames.push_back(delta_frame({{"content", fmt::format("Answer to {}:", asked.user)}}));
    for (std::uint64_t i = 0; i < words; ++i)
      frames.push_back(delta_frame({{"content", fmt::format(" word{}", i)}}));
  }
  const bool calls_tools = asked.round < rounds;
  const std::uint64_t calls = calls_tools ? dice.between(1, 3) : 0;
  for (std::uint64_t i = 0; i < calls; ++i) {
    const std::uint64_t n = mixed(hash_text(asked.user) + asked.round * 8 + i) % 1'000'000'000'000'000;
    std::string name, arguments;
    if (hands_on && (asked.tool_names.empty() || dice.chance(60))) {
      auto [wished, values] = wish_about_agents(asked.sub_agents, asked.user, n, dice);
      name = std::move(wished);
      arguments = json::to_text(values);
    } else {
      name = asked.tool_names[dice.below(asked.tool_names.size())];
      arguments = fmt::format(R"({{"n":{},"say":"hello"}})", n);
    }
    if (dice.chance(4))
      arguments = R"({"n":"many"})";
    else if (dice.chance(3))
      arguments = R"({"n":)";
    if (dice.chance(3)) name = "test_nothing";
    const std::size_t cut = std::min<std::size_t>(5, arguments.size());
    json::array parts;
    parts.push_back(
        json::object{{"index", i},
                     {"id", fmt::format("call_{}", n)},
                     {"type", "function"},
                     {"function", json::object{{"name", name}, {"arguments", arguments.substr(0, cut)}}}});
    frames.push_back(delta_frame({{"tool_calls", parts}}));
    parts.clear();
    parts.push_back(
        json::object{{"index", i}, {"function", json::object{{"arguments", arguments.substr(cut)}}}});
    frames.push_back(delta_frame({{"tool_calls", parts}}));
  }
  frames.push_back(finish_frame(calls_tools ? "tool_calls" : "stop"));
  if (dice.chance(70))
    frames.push_back(
        frame({{"choices", json::array()},
               {"usage", json::object{{"prompt_tokens", asked.bytes / 8}, {"completion_tokens", 7}}}}));
  frames.push_back("data: [DONE]\n\n");
  return frames;
}

async::Task<Result<std::unique_ptr<net::ClientResponse>>> FakeModel::start(net::ClientRequest request) {
  if (!world_.pass(OutsideWorld::Point::kNetwork))
    co_return fail(ErrorCode::kUnavailable, "the process is gone");
  const std::string key(request.headers.find("Idempotency-Key").value_or(""));
  world_.requests.push_back({key, world_.now_ms()});
  Asked asked = read_request(request);
  const auto trouble = dice_.chance(trouble_) ? static_cast<Trouble>(dice_.between(1, 10)) : Trouble::kNone;
  world_.trace().note("model asked by {} round {} trouble {}", key, asked.round, static_cast<int>(trouble));
  co_return co_await answer(std::move(asked), trouble, request.head_timeout);
}

async::Task<Result<std::unique_ptr<net::ClientResponse>>> FakeModel::answer(Asked asked, Trouble trouble,
                                                                            Duration head_limit) {
  const Duration head = trouble == Trouble::kSilent ? head_limit : dice_.milliseconds(1, 60);
  const auto slept = co_await async::sleep(loop_, head);
  if (!slept) co_return fail(ErrorCode::kCancelled, "cancelled");
  if (!world_.pass(OutsideWorld::Point::kNetwork))
    co_return fail(ErrorCode::kUnavailable, "the process is gone");
  if (trouble == Trouble::kSilent) co_return fail(ErrorCode::kTimeout, "no response head");
  if (trouble == Trouble::kRefused) co_return fail(ErrorCode::kUnavailable, "connection refused");
  int status = 200;
  if (trouble == Trouble::kRateLimit) status = 429;
  if (trouble == Trouble::kServerError) status = dice_.chance(50) ? 500 : 503;
  if (trouble == Trouble::kRefusal) status = 400;
  auto response = std::make_unique<FakeResponse>(loop_, world_, status);
  if (status == 429)
    response->headers_.add("Retry-After", std::to_string(dice_.chance(10) ? 100 : dice_.between(0, 4)));
  if (status != 200) {
    response->chunks_.push_back(
        {dice_.milliseconds(0, 20), R"({"error":{"message":"not today","type":"sim"}})"});
    co_return std::unique_ptr<net::ClientResponse>(std::move(response));
  }
  response->headers_.add("Content-Type", "text/event-stream");
  std::vector<std::string> frames = compose(asked);
  if (trouble >= Trouble::kCut) {
    frames.resize(dice_.below(frames.size()));
    if (trouble == Trouble::kMalformed) frames.push_back("data: {\"choices\": [\n\n");
    if (trouble == Trouble::kErrorFrame)
      frames.push_back("data: {\"error\":{\"message\":\"overloaded\"}}\n\n");
    if (trouble == Trouble::kCut) response->ending_ = Ending::kCut;
    if (trouble == Trouble::kHang) response->ending_ = Ending::kHang;
  }
  std::string bytes;
  for (const std::string& one : frames) bytes += one;
  const std::uint64_t slow = dice_.chance(15) ? 900 : 40;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = dice_.chance(30) ? dice_.between(1, 40) : dice_.between(100, 900);
    response->chunks_.push_back({dice_.milliseconds(0, slow), bytes.substr(at, size)});
    at += size;
  }
  co_return std::unique_ptr<net::ClientResponse>(std::move(response));
}

}  // namespace pryx::sim
