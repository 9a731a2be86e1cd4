// SPDX-License-Identifier: MIT
#include "engine/models/wire_provider.h"

#include <algorithm>
#include <deque>

#include "engine/models/wire_text.h"
#include "foundation/base/text.h"
#include "foundation/net/http_client.h"
#include "foundation/net/sse_parser.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxQuestions = 64;  // models of one list that are asked about one by one
constexpr std::size_t kMaxErrorBody = 64u << 10;
constexpr std::size_t kMaxModelList = 8u << 20;
constexpr int kMaxModelPages = 50;
constexpr Duration kListLimit = std::chrono::seconds(20);
constexpr int kMaxContinuations = 8;  // of one answer; a vendor that pauses more often is broken

Error about(std::string_view provider, Error error) {
  error.message = fmt::format("provider {}: {}", provider, error.message);
  return error;
}

// What our HTTP client says, as providers say it.
Error by_client(Error error) {
  // Unlike a network that is away, a wrong certificate or no HTTP server at all does not pass by itself.
  if (error.code == ErrorCode::kCheckFailed) error.code = ErrorCode::kProvider;
  // That is a lack of this process, and no rate limit of the vendor's.
  if (error.code == ErrorCode::kOverloaded) error.code = ErrorCode::kUnavailable;
  return error;
}

constexpr std::size_t kMaxRequestId = 128;
constexpr std::string_view kRequestIdHeaders[] = {"x-request-id", "request-id", "apim-request-id",
                                                  "x-amzn-requestid"};

// A vendor's own name for the request; anything but plain short text is left out.
std::string request_id_of(const net::ClientResponse& response) {
  for (const std::string_view name : kRequestIdHeaders) {
    const auto value = response.headers().find(name);
    if (!value || value->empty() || value->size() > kMaxRequestId) continue;
    if (std::ranges::all_of(*value, [](char c) { return c > ' ' && c < 0x7f; })) return std::string(*value);
  }
  return {};
}

// Reads a small body to its end.
async::Task<Result<std::string>> read_all(net::ClientResponse& response, Duration idle, std::size_t limit) {
  std::string body;
  for (;;) {
    PRYX_CO_TRY(const auto piece, co_await response.read(idle));
    if (!piece) co_return body;
    body += *piece;
    if (body.size() > limit) co_return fail(ErrorCode::kProvider, "the answer is over {} bytes", limit);
  }
}

// One provider's way to its server. Shared with the streams, which may have to send again and may outlive the
// provider.
class Line {
 public:
  Line(async::EventLoop& event_loop, net::HttpClient& http, KeySource& keys, ProviderConfig provider,
       std::shared_ptr<const WireCodec> wire, WireLimits wire_limits)
      : loop(event_loop),
        config(std::move(provider)),
        codec(std::move(wire)),
        limits(wire_limits),
        http_(http),
        keys_(keys) {}

  // Adds the key, sends, and turns every status but 2xx into an error.
  async::Task<Result<std::unique_ptr<net::ClientResponse>>> send(WireRequest wire, Duration head_timeout,
                                                                 std::size_t max_body_bytes,
                                                                 std::shared_ptr<AttemptFacts> facts = {}) {
    if (facts) *facts = {};
    net::ClientRequest request;
    request.method = std::move(wire.method);
    request.url = config.base_url + wire.target;
    request.body = std::move(wire.body);
    if (request.method == "POST") {
      const bool is_sse = codec->framing() == Framing::kServerSentEvents;
      request.headers.add("Content-Type", "application/json");
      request.headers.add("Accept", is_sse ? "text/event-stream" : "application/json");
    }
    for (WireHeader& header : wire.headers)
      request.headers.add(std::move(header.name), std::move(header.value));
    request.connect_timeout = limits.connect;
    request.head_timeout = head_timeout;
    request.max_body_bytes = max_body_bytes;
    if (!config.key_secret_name.empty()) {
      auto key = co_await keys_.get_key(config.key_secret_name, refresh_key);
      if (!key) co_return fail(about(config.name, std::move(key.error())));
      refresh_key = false;
      WireHeader header = codec->key_header(*key);
      request.headers.add(std::move(header.name), std::move(header.value));
    }
    auto response = co_await http_.start(std::move(request));
    if (!response) co_return fail(about(config.name, by_client(std::move(response.error()))));
    const int status = (*response)->status();
    if (facts) *facts = {status, request_id_of(**response)};
    if (status < 200 || status >= 300) {
      Error error = co_await read_error(**response);
      co_return fail(std::move(error));
    }
    co_return std::move(*response);
  }

  async::EventLoop& loop;
  const ProviderConfig config;
  const std::shared_ptr<const WireCodec> codec;
  const WireLimits limits;
  bool refresh_key = false;

 private:
  // An error answer counts by its status even when its body is cut off or endless.
  async::Task<Error> read_error(net::ClientResponse& response) {
    std::string body;
    while (body.size() < kMaxErrorBody) {
      const auto piece = co_await response.read(std::chrono::seconds(5));
      if (!piece && piece.error().code == ErrorCode::kCancelled) co_return piece.error();
      if (!piece || !*piece) break;
      body += **piece;
    }
    Error error = codec->decode_error(response.status(), body, config.name);
    const WallTime now = loop.clock().wall();
    if (const auto exact = response.headers().find("retry-after-ms")) {
      const std::int64_t ms = parse_retry_after(*exact, now);
      error.retry_after_ms = ms < 0 ? -1 : ms / 1000;
    } else if (const auto plain = response.headers().find("Retry-After")) {
      error.retry_after_ms = parse_retry_after(*plain, now);
    }
    co_return error;
  }

  net::HttpClient& http_;
  KeySource& keys_;
};

// Bytes to frames, in pieces of any size; bounded.
class Framer {
 public:
  Framer(Framing framing, std::size_t max_frame_bytes)
      : framing_(framing), max_frame_bytes_(max_frame_bytes), sse_(max_frame_bytes) {}

  struct Piece {
    std::string event;
    std::string data;
  };
  [[nodiscard]] Result<void> feed(std::string_view bytes, std::vector<Piece>& out) {
    if (framing_ == Framing::kServerSentEvents) {
      std::vector<net::SseEvent> events;
      const auto parsed = sse_.feed(bytes, events);
      for (net::SseEvent& event : events) out.push_back({std::move(event.event), std::move(event.data)});
      if (!parsed)
        return fail(ErrorCode::kProvider, "the provider sent an oversized frame: {}", parsed.error().message);
      return {};
    }
    for (const char c : bytes) {
      if (c == '\n') {
        if (!trim(line_).empty()) out.push_back({{}, line_});
        line_.clear();
        continue;
      }
      if (line_.size() >= max_frame_bytes_)
        return fail(ErrorCode::kProvider, "the provider sent an oversized frame: over {} bytes",
                    max_frame_bytes_);
      line_ += c;
    }
    return {};
  }
  // A last line needs no line feed; an unfinished server-sent event counts for nothing.
  void finish(std::vector<Piece>& out) {
    if (!trim(line_).empty()) out.push_back({{}, std::move(line_)});
    line_.clear();
  }

 private:
  Framing framing_;
  std::size_t max_frame_bytes_;
  net::SseParser sse_;
  std::string line_;
};

class WireStream final : public ModelStream {
 public:
  WireStream(std::shared_ptr<Line> line, std::unique_ptr<net::ClientResponse> response,
             std::unique_ptr<AnswerDecoder> decoder, MonotonicTime asked_at,
             std::shared_ptr<AttemptFacts> facts)
      : line_(std::move(line)),
        facts_(std::move(facts)),
        decoder_(std::move(decoder)),
        framer_(line_->codec->framing(), line_->limits.max_event_bytes) {
    open(std::move(response), asked_at);
  }

  async::Task<Result<std::optional<ModelEvent>>> next() override {
    while (ready_.empty()) {
      if (failure_) co_return fail(*failure_);
      if (ended_) co_return std::optional<ModelEvent>{};
      auto more = co_await pull();
      if (more && continuation_) more = co_await go_on();
      if (!more) {
        failure_ = is_named_ ? more.error() : about(line_->config.name, more.error());
        response_.reset();
      }
    }
    ModelEvent event = std::move(ready_.front());
    ready_.pop_front();
    co_return std::optional(std::move(event));
  }

 private:
  void open(std::unique_ptr<net::ClientResponse> response, MonotonicTime asked_at) {
    response_ = std::move(response);
    framer_ = Framer(line_->codec->framing(), line_->limits.max_event_bytes);
    deadline_ = asked_at + line_->limits.first_token;
    spoke_ = false;
    const auto type = response_->headers().find("Content-Type");
    is_whole_ = line_->codec->framing() == Framing::kServerSentEvents && type &&
                lower_ascii(*type).starts_with("application/json");
    whole_.clear();
  }

  async::Task<Result<void>> pull() {
    const Duration left = deadline_ - line_->loop.clock().monotonic();
    if (left <= Duration::zero()) co_return too_late();
    auto piece = co_await response_->read(left);
    if (!piece && piece.error().code == ErrorCode::kTimeout) co_return too_late();
    if (!piece && piece.error().code == ErrorCode::kUnavailable) {
      co_return fail(ErrorCode::kUnavailable,
                     "the connection was cut in the middle of the answer; the text so far is interrupted");
    }
    // kTooLarge is kept for requests that are too long.
    if (!piece && piece.error().code == ErrorCode::kTooLarge) piece.error().code = ErrorCode::kProvider;
    if (!piece) co_return fail(std::move(piece.error()));
    std::vector<ModelEvent> out;
    const std::size_t before = decoder_->progress();
    const auto taken = *piece ? take(**piece, out) : take_last(out);
    note_said();
    if (!out.empty() || decoder_->progress() != before) {
      spoke_ = true;
      deadline_ = line_->loop.clock().monotonic() + line_->limits.idle;
    }
    // What was understood before a bad frame is still handed out.
    for (ModelEvent& event : out) ready_.push_back(std::move(event));
    co_return taken;
  }

  Result<void> take(const std::string& bytes, std::vector<ModelEvent>& out) {
    if (is_whole_) {
      if (whole_.size() + bytes.size() > line_->limits.max_answer_bytes)
        return fail(ErrorCode::kProvider, "the answer is over {} bytes", line_->limits.max_answer_bytes);
      whole_ += bytes;
      return {};
    }
    std::vector<Framer::Piece> pieces;
    const auto framed = framer_.feed(bytes, pieces);
    PRYX_TRY_VOID(decode(pieces, out));
    return ended_ || continuation_ ? Result<void>{} : framed;
  }

  Result<void> decode(const std::vector<Framer::Piece>& pieces, std::vector<ModelEvent>& out) {
    for (const Framer::Piece& piece : pieces) {
      PRYX_TRY_VOID(decoder_->feed({piece.event, piece.data}, out));
      if (decoder_->is_done()) return end(out);
    }
    return {};
  }

  // The body ended.
  Result<void> take_last(std::vector<ModelEvent>& out) {
    if (is_whole_) {
      PRYX_TRY_VOID(decoder_->feed({{}, whole_}, out));
    } else {
      std::vector<Framer::Piece> pieces;
      framer_.finish(pieces);
      PRYX_TRY_VOID(decode(pieces, out));
    }
    return ended_ || continuation_ ? Result<void>{} : end(out);
  }

  Result<void> end(std::vector<ModelEvent>& out) {
    continuation_ = decoder_->continuation();
    if (continuation_) return {};
    ended_ = true;
    const auto finished = decoder_->finish(out);
    response_.reset();
    return finished;
  }

  // The vendor paused: the same answer goes on with another request.
  async::Task<Result<void>> go_on() {
    WireRequest request = std::move(*continuation_);
    continuation_.reset();
    response_.reset();
    if (++continuations_ > kMaxContinuations) {
      co_return fail(ErrorCode::kProvider, "the provider paused its answer more than {} times",
                     kMaxContinuations);
    }
    const MonotonicTime asked_at = line_->loop.clock().monotonic();
    auto response = co_await line_->send(std::move(request), line_->limits.first_token,
                                         line_->limits.max_answer_bytes, facts_);
    note_said();  // what was said before stays said
    if (!response) {
      is_named_ = true;
      co_return fail(std::move(response.error()));
    }
    open(std::move(*response), asked_at);
    co_return Result<void>{};
  }

  void note_said() {
    if (!facts_) return;
    facts_->was_read = true;
    facts_->answer_bytes = static_cast<std::int64_t>(decoder_->said());
  }

  std::unexpected<Error> too_late() const {
    if (spoke_)
      return fail(ErrorCode::kTimeout, "silent for {}; the text so far is interrupted",
                  format_duration(line_->limits.idle));
    return fail(ErrorCode::kTimeout, "no first word within {}", format_duration(line_->limits.first_token));
  }

  std::shared_ptr<Line> line_;
  std::shared_ptr<AttemptFacts> facts_;
  std::unique_ptr<net::ClientResponse> response_;
  std::unique_ptr<AnswerDecoder> decoder_;
  Framer framer_;
  MonotonicTime deadline_{};
  std::deque<ModelEvent> ready_;
  std::optional<Error> failure_;
  std::optional<WireRequest> continuation_;
  int continuations_ = 0;
  std::string whole_;
  bool is_whole_ = false;
  bool is_named_ = false;  // the failure names the provider already
  bool spoke_ = false;
  bool ended_ = false;
};

class WireProvider final : public Provider {
 public:
  explicit WireProvider(std::shared_ptr<Line> line) : line_(std::move(line)) {}

  [[nodiscard]] std::string_view kind() const override { return line_->config.kind; }
  [[nodiscard]] FormAbilities form_abilities() const override { return line_->codec->form_abilities(); }
  void key_was_refused() override { line_->refresh_key = true; }

  async::Task<Result<std::unique_ptr<ModelStream>>> stream(ModelRequest request) override {
    auto wire = line_->codec->encode(request);
    if (!wire) co_return fail(about(line_->config.name, std::move(wire.error())));
    auto decoder = line_->codec->make_decoder(request, wire->body.size());
    const MonotonicTime asked_at = line_->loop.clock().monotonic();
    PRYX_CO_TRY(auto response, co_await line_->send(std::move(*wire), line_->limits.first_token,
                                                    line_->limits.max_answer_bytes, request.facts));
    co_return std::unique_ptr<ModelStream>(std::make_unique<WireStream>(
        line_, std::move(response), std::move(decoder), asked_at, request.facts));
  }

  async::Task<Result<std::vector<ModelInfo>>> list_models() override {
    std::vector<ModelInfo> out;
    std::string page;
    for (int pages = 0; pages < kMaxModelPages; ++pages) {
      PRYX_CO_TRY(const auto response,
                  co_await line_->send(line_->codec->model_list(page), kListLimit, kMaxModelList));
      auto body = co_await read_all(*response, kListLimit, kMaxModelList);
      if (!body) co_return fail(about(line_->config.name, std::move(body.error())));
      auto decoded = line_->codec->decode_models(*body, line_->config.name);
      if (!decoded) co_return fail(std::move(decoded.error()));
      for (ModelInfo& model : decoded->models) out.push_back(std::move(model));
      if (decoded->next.empty() || decoded->next == page) break;
      page = std::move(decoded->next);
    }
    std::ranges::sort(out, {}, &ModelInfo::id);
    for (std::size_t i = 0; i < out.size() && i < kMaxQuestions; ++i) {
      auto known = co_await ask_about(out[i].id);
      // A server that fails one question is asked no more; the list itself is whole.
      if (!known || !*known) break;
      out[i] = std::move(**known);
    }
    co_return out;
  }

  async::Task<Result<std::optional<ModelInfo>>> ask_about(std::string model) override {
    auto question = line_->codec->model_question(model);
    if (!question) co_return std::optional<ModelInfo>{};
    PRYX_CO_TRY(const auto response, co_await line_->send(std::move(*question), kListLimit, kMaxModelList));
    auto body = co_await read_all(*response, kListLimit, kMaxModelList);
    if (!body) co_return fail(about(line_->config.name, std::move(body.error())));
    ModelInfo info;
    info.id = std::move(model);
    info.provider = line_->config.name;
    const auto decoded = line_->codec->decode_model_answer(*body, info);
    if (!decoded) co_return fail(about(line_->config.name, decoded.error()));
    co_return std::optional(std::move(info));
  }

 private:
  std::shared_ptr<Line> line_;
};

}  // namespace

std::unique_ptr<Provider> make_wire_provider(async::EventLoop& loop, net::HttpClient& http, KeySource& keys,
                                             ProviderConfig config, std::shared_ptr<const WireCodec> codec,
                                             WireLimits limits) {
  return std::make_unique<WireProvider>(
      std::make_shared<Line>(loop, http, keys, std::move(config), std::move(codec), limits));
}

}  // namespace pryx::models
