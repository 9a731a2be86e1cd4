// SPDX-License-Identifier: MIT
#include "engine/models/openai_provider.h"

#include <deque>

#include "engine/models/openai_codec.h"
#include "foundation/base/text.h"
#include "foundation/net/http_client.h"
#include "foundation/net/sse_parser.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxErrorBody = 64u << 10;
constexpr std::size_t kMaxModelList = 8u << 20;
constexpr Duration kListLimit = std::chrono::seconds(20);

Error about(std::string_view provider, Error error) {
  error.message = fmt::format("provider {}: {}", provider, error.message);
  return error;
}

// Reads a small body to its end.
async::Task<Result<std::string>> read_all(net::ClientResponse& response, Duration idle, std::size_t limit) {
  std::string body;
  for (;;) {
    PRYX_CO_TRY(const auto piece, co_await response.read(idle));
    if (!piece) co_return body;
    body += *piece;
    if (body.size() > limit) co_return fail(ErrorCode::kTooLarge, "the answer is over {} bytes", limit);
  }
}

// An error answer counts by its status even when its body is cut off or endless.
async::Task<Error> read_error(net::ClientResponse& response, std::string provider, WallTime now) {
  std::string body;
  while (body.size() < kMaxErrorBody) {
    const auto piece = co_await response.read(std::chrono::seconds(5));
    if (!piece && piece.error().code == ErrorCode::kCancelled) co_return piece.error();
    if (!piece || !*piece) break;
    body += **piece;
  }
  Error error = decode_error(response.status(), body, provider);
  if (const auto exact = response.headers().find("retry-after-ms")) {
    const std::int64_t ms = parse_retry_after(*exact, now);
    error.retry_after_ms = ms < 0 ? -1 : ms / 1000;
  } else if (const auto plain = response.headers().find("Retry-After")) {
    error.retry_after_ms = parse_retry_after(*plain, now);
  }
  co_return error;
}

class OpenAiStream final : public ModelStream {
 public:
  OpenAiStream(async::EventLoop& loop, std::string provider, OpenAiLimits limits,
               std::unique_ptr<net::ClientResponse> response, ChatStreamDecoder decoder,
               MonotonicTime asked_at)
      : loop_(loop),
        provider_(std::move(provider)),
        limits_(limits),
        response_(std::move(response)),
        decoder_(std::move(decoder)),
        parser_(limits.max_event_bytes),
        deadline_(asked_at + limits.first_token) {
    const auto type = response_->headers().find("Content-Type");
    is_whole_ = type && lower_ascii(*type).starts_with("application/json");
  }

  async::Task<Result<std::optional<ModelEvent>>> next() override {
    while (ready_.empty()) {
      if (failure_) co_return fail(*failure_);
      if (ended_) co_return std::optional<ModelEvent>{};
      const auto more = co_await pull();
      if (!more) {
        failure_ = about(provider_, more.error());
        response_.reset();
      }
    }
    ModelEvent event = std::move(ready_.front());
    ready_.pop_front();
    co_return std::optional(std::move(event));
  }

 private:
  async::Task<Result<void>> pull() {
    const Duration left = deadline_ - loop_.clock().monotonic();
    if (left <= Duration::zero()) co_return too_late();
    auto piece = co_await response_->read(left);
    if (!piece && piece.error().code == ErrorCode::kTimeout) co_return too_late();
    if (!piece && piece.error().code == ErrorCode::kUnavailable) {
      co_return fail(ErrorCode::kUnavailable,
                     "the connection was cut in the middle of the answer; the text so far is interrupted");
    }
    if (!piece) co_return fail(std::move(piece.error()));
    std::vector<ModelEvent> out;
    const auto taken = *piece ? take(**piece, out) : take_end(out);
    if (!out.empty()) {
      spoke_ = true;
      deadline_ = loop_.clock().monotonic() + limits_.idle;
    }
    // What was understood before a bad frame is still handed out.
    for (ModelEvent& event : out) ready_.push_back(std::move(event));
    co_return taken;
  }

  Result<void> take(const std::string& bytes, std::vector<ModelEvent>& out) {
    if (is_whole_) {
      if (whole_.size() + bytes.size() > limits_.max_answer_bytes)
        return fail(ErrorCode::kTooLarge, "the answer is over {} bytes", limits_.max_answer_bytes);
      whole_ += bytes;
      return {};
    }
    std::vector<net::SseEvent> events;
    const auto parsed = parser_.feed(bytes, events);
    for (const net::SseEvent& event : events) {
      PRYX_TRY_VOID(decoder_.feed(event.data, out));
      if (decoder_.is_done()) return take_end(out);
    }
    if (!parsed)
      return fail(ErrorCode::kProvider, "the provider sent an oversized frame: {}", parsed.error().message);
    return {};
  }

  Result<void> take_end(std::vector<ModelEvent>& out) {
    ended_ = true;
    if (is_whole_) PRYX_TRY_VOID(decoder_.feed(whole_, out));
    const auto finished = decoder_.finish(out);
    response_.reset();
    return finished;
  }

  std::unexpected<Error> too_late() const {
    if (spoke_)
      return fail(ErrorCode::kTimeout, "silent for {}; the text so far is interrupted",
                  format_duration(limits_.idle));
    return fail(ErrorCode::kTimeout, "no first word within {}", format_duration(limits_.first_token));
  }

  async::EventLoop& loop_;
  std::string provider_;
  OpenAiLimits limits_;
  std::unique_ptr<net::ClientResponse> response_;
  ChatStreamDecoder decoder_;
  net::SseParser parser_;
  MonotonicTime deadline_;
  std::deque<ModelEvent> ready_;
  std::optional<Error> failure_;
  std::string whole_;
  bool is_whole_ = false;
  bool spoke_ = false;
  bool ended_ = false;
};

class OpenAiProvider final : public Provider {
 public:
  OpenAiProvider(async::EventLoop& loop, net::HttpClient& http, KeySource& keys, ProviderConfig config,
                 OpenAiLimits limits)
      : loop_(loop), http_(http), keys_(keys), config_(std::move(config)), limits_(limits) {}

  [[nodiscard]] std::string_view kind() const override { return config_.kind; }
  void key_was_refused() override { refresh_key_ = true; }

  async::Task<Result<std::unique_ptr<ModelStream>>> stream(ModelRequest request) override {
    ToolNames names(request);
    // Only OpenAI itself wants the longer field.
    const bool is_openai = config_.base_url.find("://api.openai.com") != std::string::npos;
    net::ClientRequest http;
    http.method = "POST";
    http.url = config_.base_url + "/chat/completions";
    http.body = encode_chat_request(
        request, names, is_openai ? OutputLimitField::kMaxCompletionTokens : OutputLimitField::kMaxTokens);
    http.headers.add("Content-Type", "application/json");
    http.headers.add("Accept", "text/event-stream");
    if (!request.request_id.empty()) http.headers.add("Idempotency-Key", request.request_id);
    http.connect_timeout = limits_.connect;
    http.head_timeout = limits_.first_token;
    http.max_body_bytes = limits_.max_answer_bytes;
    const std::size_t request_bytes = http.body.size();
    const MonotonicTime asked_at = loop_.clock().monotonic();
    PRYX_CO_TRY(auto response, co_await send(std::move(http)));
    ChatStreamDecoder decoder(std::move(names), std::move(request.model), request_bytes);
    co_return std::unique_ptr<ModelStream>(std::make_unique<OpenAiStream>(
        loop_, config_.name, limits_, std::move(response), std::move(decoder), asked_at));
  }

  async::Task<Result<std::vector<ModelInfo>>> list_models() override {
    net::ClientRequest http;
    http.url = config_.base_url + "/models";
    http.connect_timeout = limits_.connect;
    http.head_timeout = kListLimit;
    http.max_body_bytes = kMaxModelList;
    PRYX_CO_TRY(const auto response, co_await send(std::move(http)));
    auto body = co_await read_all(*response, kListLimit, kMaxModelList);
    if (!body) co_return fail(about(config_.name, std::move(body.error())));
    co_return decode_model_list(*body, config_.name);
  }

 private:
  // Adds the key, sends, and turns every status but 2xx into an error.
  async::Task<Result<std::unique_ptr<net::ClientResponse>>> send(net::ClientRequest http) {
    if (!config_.key_secret_name.empty()) {
      auto key = co_await keys_.get_key(config_.key_secret_name, refresh_key_);
      if (!key) co_return fail(about(config_.name, std::move(key.error())));
      refresh_key_ = false;
      http.headers.add("Authorization", "Bearer " + key->reveal());
    }
    auto response = co_await http_.start(std::move(http));
    if (!response) co_return fail(about(config_.name, std::move(response.error())));
    const int status = (*response)->status();
    if (status < 200 || status >= 300) {
      Error error = co_await read_error(**response, config_.name, loop_.clock().wall());
      co_return fail(std::move(error));
    }
    co_return std::move(*response);
  }

  async::EventLoop& loop_;
  net::HttpClient& http_;
  KeySource& keys_;
  ProviderConfig config_;
  OpenAiLimits limits_;
  bool refresh_key_ = false;
};

}  // namespace

std::optional<std::string> default_base_url(std::string_view kind) {
  if (kind == "openai") return "https://api.openai.com/v1";
  if (kind == "ollama") return "http://127.0.0.1:11434/v1";
  return std::nullopt;
}

Result<std::unique_ptr<Provider>> make_openai_provider(async::EventLoop& loop, net::HttpClient& http,
                                                       KeySource& keys, ProviderConfig config,
                                                       OpenAiLimits limits) {
  const auto usual = default_base_url(config.kind);
  if (!usual)
    return fail(ErrorCode::kInvalidArgument,
                "provider {}: there is no provider kind '{}'; use openai or ollama", config.name,
                config.kind);
  if (config.base_url.empty()) config.base_url = *usual;
  while (config.base_url.ends_with('/')) config.base_url.pop_back();
  if (!config.base_url.starts_with("http://") && !config.base_url.starts_with("https://")) {
    return fail(ErrorCode::kInvalidArgument, "provider {}: the base URL must begin with http:// or https://",
                config.name);
  }
  if (config.base_url.find_first_of("?#@ \t\r\n") != std::string::npos) {
    return fail(
        ErrorCode::kInvalidArgument,
        "provider {}: the base URL holds a query, a login or a space; give the key with --key-stdin instead",
        config.name);
  }
  // "http://127.0.0.1:11434" is what people know of Ollama; its OpenAI side lives under /v1.
  if (config.kind == "ollama" && !config.base_url.ends_with("/v1")) config.base_url += "/v1";
  return std::unique_ptr<Provider>(
      std::make_unique<OpenAiProvider>(loop, http, keys, std::move(config), limits));
}

}  // namespace pryx::models
