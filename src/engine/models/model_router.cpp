// SPDX-License-Identifier: MIT
#include "engine/models/model_router.h"

#include <algorithm>
#include <set>

#include "engine/models/call_ids.h"
#include "engine/models/presets.h"
#include "engine/models/provider_kinds.h"
#include "engine/models/retry_policy.h"
#include "engine/models/starter_provider.h"
#include "foundation/async/task_group.h"
#include "foundation/base/text.h"
#include "foundation/net/url.h"

namespace pryx::models {
namespace {

constexpr std::string_view kStarter = "starter";
constexpr Duration kQuestionLimit = std::chrono::seconds(5);
// A model that was just pulled is offered soon; whoever completes word after word asks once.
constexpr Duration kFreshList = std::chrono::minutes(1);

bool is_provider_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// The provider would not have this request: it bills nothing for it, although it began to answer.
bool is_refusal(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kTooLarge:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kForbidden:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kBudget:
    case ErrorCode::kOverloaded:
      return true;
    default:
      return false;
  }
}

// What the end of a request says about the provider's health.
void report(CircuitBreaker& breaker, const Error& error, MonotonicTime now) {
  const FailureClass failure = classify(error.code);
  if (error.code == ErrorCode::kCancelled)
    breaker.abandoned();
  else if (failure == FailureClass::kServer || failure == FailureClass::kNetwork)
    breaker.failed(now);
  else
    breaker.succeeded();  // it answered, if only to refuse this request
}

}  // namespace

struct ModelRouter::Entry {
  ProviderConfig config;
  std::shared_ptr<Provider> provider;
  CircuitBreaker breaker;
  std::string vendor;                                  // in the catalog
  std::map<std::string, ModelInfo, std::less<>> said;  // by the provider, when it was last asked
  std::optional<MonotonicTime> listed_at;              // since then `said` is all that it has
};

Result<ModelName> parse_model_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  const bool is_bounded = text.size() <= 256 && std::ranges::all_of(text, [](char c) {
                            return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
                          });
  if (slash == std::string_view::npos || slash + 1 == text.size() || !is_bounded ||
      !is_provider_name(text.substr(0, slash))) {
    return fail(ErrorCode::kInvalidArgument, "a model is named PROVIDER/MODEL, for example {}",
                kDefaultModel);
  }
  return ModelName{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

// One request that survives failures until its first event was handed out.
class ModelRouter::RetryingStream final : public ModelStream {
 public:
  RetryingStream(async::EventLoop& loop, Random& random, std::shared_ptr<Entry> entry, ModelRequest request,
                 RetryObserver on_retry, RepeatGate before_repeat)
      : loop_(loop),
        random_(random),
        entry_(std::move(entry)),
        request_(std::move(request)),
        on_retry_(std::move(on_retry)),
        before_repeat_(std::move(before_repeat)) {}
  ~RetryingStream() override {
    if (unreported_) entry_->breaker.abandoned();
  }
  RetryingStream(const RetryingStream&) = delete;
  RetryingStream& operator=(const RetryingStream&) = delete;

  // Until the provider accepted the request.
  async::Task<Result<void>> open() {
    for (;;) {
      if (const auto wait = entry_->breaker.try_acquire(loop_.clock().monotonic())) {
        if (last_error_) co_return fail(*last_error_);
        const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*wait).count();
        co_return fail(Error{
            ErrorCode::kUnavailable,
            fmt::format(
                "provider {} failed {} times in a row; it is tried again in {}. Use another model, or wait",
                entry_->config.name, CircuitBreaker::kFailuresToOpen, format_duration(*wait)),
            wait_ms});
      }
      unreported_ = true;
      if (was_read_ && before_repeat_) PRYX_CO_TRY_VOID(co_await before_repeat_(*last_error_, request_));
      note_read(false);
      auto opened = co_await entry_->provider->stream(request_);
      // One that waits for the first word has the request as well.
      note_read(opened || opened.error().code == ErrorCode::kTimeout);
      if (opened) {
        stream_ = std::move(*opened);
        co_return Result<void>{};
      }
      PRYX_CO_TRY_VOID(co_await wait_before_retry(std::move(opened.error())));
    }
  }

  async::Task<Result<std::optional<ModelEvent>>> next() override {
    for (;;) {
      auto event = co_await stream_->next();
      if (event) {
        note_alive();
        co_return event;
      }
      // What had begun to answer is billed for that, whatever ended it.
      const bool has_said = request_.facts && request_.facts->answer_bytes > 0;
      if (is_refusal(event.error().code) && !has_said) note_read(false);
      if (shown_) {
        note_failure(event.error());
        co_return event;
      }
      stream_.reset();
      PRYX_CO_TRY_VOID(co_await wait_before_retry(std::move(event.error())));
      PRYX_CO_TRY_VOID(co_await open());
    }
  }

 private:
  void note_read(bool was_read) {
    was_read_ = was_read;
    if (request_.facts) request_.facts->was_read = was_read;
  }
  void note_alive() {
    shown_ = true;
    if (std::exchange(unreported_, false)) entry_->breaker.succeeded();
  }
  void note_failure(const Error& error) {
    unreported_ = false;
    report(entry_->breaker, error, loop_.clock().monotonic());
  }
  // The error itself when it is final.
  async::Task<Result<void>> wait_before_retry(Error error) {
    note_failure(error);
    const auto retry = next_retry(error, history_, random_.next_u64());
    if (!retry) co_return fail(std::move(error));
    if (retry->refresh_key) entry_->provider->key_was_refused();
    if (on_retry_) on_retry_(error, retry->delay);
    last_error_ = std::move(error);
    if (retry->delay > Duration::zero()) PRYX_CO_TRY_VOID(co_await async::sleep(loop_, retry->delay));
    co_return Result<void>{};
  }

  async::EventLoop& loop_;
  Random& random_;
  std::shared_ptr<Entry> entry_;
  ModelRequest request_;
  RetryObserver on_retry_;
  RepeatGate before_repeat_;
  std::unique_ptr<ModelStream> stream_;
  RetryHistory history_;
  std::optional<Error> last_error_;
  bool shown_ = false;
  bool was_read_ = false;    // the last attempt, by the provider
  bool unreported_ = false;  // an attempt is under way that the breaker was asked for
};

ModelRouter::ModelRouter(async::EventLoop& loop, net::HttpClient& http, KeySource& keys, Random& random)
    : loop_(loop), http_(http), keys_(keys), random_(random) {
  put_provider(std::string(kStarter), make_starter_provider());
}
ModelRouter::~ModelRouter() = default;

Result<std::shared_ptr<ModelRouter::Entry>> ModelRouter::make_entry(ProviderConfig config) const {
  if (!is_provider_name(config.name))
    return fail(ErrorCode::kInvalidArgument,
                "a provider's name is made of letters, digits, '-', '_' and '.'");
  if (config.name == kStarter)
    return fail(ErrorCode::kConflict,
                "the provider 'starter' is built in and cannot be replaced; choose another name");
  if (config.base_url.empty()) config.base_url = default_base_url(config.kind).value_or("");
  PRYX_TRY(auto provider, make_provider(loop_, http_, keys_, config));
  auto entry = std::make_shared<Entry>();
  entry->vendor = vendor_of(config);
  entry->config = std::move(config);
  entry->provider = std::move(provider);
  return entry;
}

Result<void> ModelRouter::check_provider(ProviderConfig config) const {
  PRYX_TRY_VOID(make_entry(std::move(config)));
  return {};
}

Result<void> ModelRouter::put_provider(ProviderConfig config) {
  PRYX_TRY(const auto entry, make_entry(std::move(config)));
  entries_.insert_or_assign(entry->config.name, entry);
  return {};
}

void ModelRouter::put_provider(std::string name, std::shared_ptr<Provider> provider) {
  auto entry = std::make_shared<Entry>();
  entry->config = {
      .name = name, .kind = std::string(provider->kind()), .base_url = {}, .key_secret_name = {}};
  entry->provider = std::move(provider);
  entries_.insert_or_assign(std::move(name), std::move(entry));
}

bool ModelRouter::remove_provider(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || name == kStarter) return false;
  entries_.erase(found);
  return true;
}

std::vector<ProviderHealth> ModelRouter::providers() const {
  std::vector<ProviderHealth> out;
  for (const auto& [name, entry] : entries_)
    out.push_back({name, entry->config.kind, entry->config.base_url, entry->breaker.state()});
  return out;
}

std::map<std::string, std::string, std::less<>> ModelRouter::vendors() const {
  std::map<std::string, std::string, std::less<>> out;
  for (const auto& [name, entry] : entries_) {
    if (!entry->vendor.empty()) out.emplace(entry->vendor, name);
  }
  return out;
}

std::shared_ptr<ModelRouter::Entry> ModelRouter::find_entry(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second;
}

Result<ModelName> ModelRouter::resolve(std::string_view model) const {
  PRYX_TRY(ModelName name, parse_model_name(model.empty() ? kDefaultModel : model));
  if (!find_entry(name.provider)) {
    return fail(ErrorCode::kNotFound,
                "there is no provider '{}'; add it with `pryx provider add {} --kind openai`, or see `pryx "
                "provider list`",
                name.provider, name.provider);
  }
  if (name.provider == "starter" && model != kDefaultModel && !model.empty()) {
    return fail(ErrorCode::kNotFound, "there is no model '{}'; the starter's only one is {}",
                utf8_prefix(model, 80), kDefaultModel);
  }
  return name;
}

bool ModelRouter::is_on_this_machine(std::string_view model) const {
  const auto entry = find_entry(model.substr(0, model.find('/')));
  if (!entry) return false;
  const auto url = net::parse_url(entry->config.base_url);
  if (!url) return false;
  const net::Host& host = url->host;
  if (!host.address) return host.name == "localhost" || host.name.ends_with(".localhost");
  // Whoever connects to 0.0.0.0 or :: comes to this machine as well.
  const net::IpAddress unspecified{.bytes = {}, .is_v6 = host.address->is_v6};
  return net::is_loopback(*host.address) || *host.address == unspecified;
}

void ModelRouter::expect_back(std::string_view model) {
  if (const auto entry = find_entry(model.substr(0, model.find('/')))) entry->breaker.expect_back();
}

namespace {
Result<void> check_form(const ModelRequest& request, FormAbilities can, std::string_view provider) {
  using Kind = ResponseFormat::Kind;
  const bool strict = std::ranges::any_of(request.tools, &ToolSpec::strict);
  std::string_view lacks;
  if (request.format.kind == Kind::kJsonObject && !can.json_object) lacks = "an answer in JSON";
  if (request.format.kind == Kind::kJsonSchema && !can.json_schema) lacks = "an answer by a JSON Schema";
  if (strict && !can.strict_tools) lacks = "strict arguments of tools";
  if (lacks.empty()) return {};
  return fail(ErrorCode::kInvalidArgument, "provider {} cannot promise {}; ask without, or use another model",
              provider, lacks);
}
}  // namespace

async::Task<Result<std::unique_ptr<ModelStream>>> ModelRouter::stream(ModelRequest request,
                                                                      RetryObserver on_retry,
                                                                      RepeatGate before_repeat) {
  PRYX_CO_TRY(ModelName name, resolve(request.model));
  PRYX_CO_TRY_VOID(check_form(request, find_entry(name.provider)->provider->form_abilities(), name.provider));
  const std::shared_ptr<Entry> entry = find_entry(name.provider);
  co_await learn(*entry, name.model);
  request.about =
      std::make_shared<const ModelInfo>(describe(fmt::format("{}/{}", name.provider, name.model)));
  // Who wrote which part of the history makes no difference to who answers next.
  fit_call_ids(request.messages, {});
  request.model = std::move(name.model);
  auto stream = std::make_unique<RetryingStream>(loop_, random_, entry, std::move(request),
                                                 std::move(on_retry), std::move(before_repeat));
  PRYX_CO_TRY_VOID(co_await stream->open());
  co_return std::unique_ptr<ModelStream>(std::move(stream));
}

async::Task<Result<std::vector<ModelInfo>>> ModelRouter::list_models(std::string provider) {
  const auto entry = find_entry(provider);
  if (!entry)
    co_return fail(ErrorCode::kNotFound, "there is no provider '{}'; see `pryx provider list`", provider);
  auto said = co_await entry->provider->list_models();
  if (!said) co_return said;
  remember(*entry, *said);
  for (ModelInfo& info : *said) info = catalog().complete(std::move(info), entry->vendor);
  co_return said;
}

const Catalog& ModelRouter::catalog() const {
  if (!catalog_) catalog_ = std::make_shared<const Catalog>();
  return *catalog_;
}

// What the server knows about a model is asked once, before the first request to it. Whatever goes wrong here
// the request itself will tell.
async::Task<void> ModelRouter::learn(Entry& entry, std::string model) {
  if (entry.said.contains(model) || entry.breaker.state() != BreakerState::kClosed) co_return;
  const auto known = co_await async::with_timeout(loop_, entry.provider->ask_about(model), kQuestionLimit,
                                                  "ask about the model " + model);
  if (known && *known) entry.said.insert_or_assign(std::move(model), **known);
}

void ModelRouter::remember(Entry& entry, const std::vector<ModelInfo>& said) const {
  entry.said.clear();
  for (const ModelInfo& info : said) entry.said.emplace(info.id, info);
  entry.listed_at = loop_.clock().monotonic();
}

std::vector<ModelInfo> ModelRouter::known_models(std::string_view provider) const {
  const auto entry = find_entry(provider);
  if (!entry) return {};
  if (provider == kStarter) return {describe(kDefaultModel)};
  std::set<std::string> ids;
  for (const auto& [id, info] : entry->said) ids.insert(id);
  if (!entry->listed_at) {
    for (std::string& id : catalog().models_of(provider, entry->vendor)) ids.insert(std::move(id));
  }
  std::vector<ModelInfo> out;
  for (const std::string& id : ids) out.push_back(describe(fmt::format("{}/{}", provider, id)));
  return out;
}

bool ModelRouter::is_list_due(std::string_view provider) const {
  const auto entry = find_entry(provider);
  if (!entry || provider == kStarter) return false;
  if (entry->listed_at) return loop_.clock().monotonic() - *entry->listed_at > kFreshList;
  return !catalog().lists(entry->vendor.empty() ? provider : std::string_view(entry->vendor));
}

ModelInfo ModelRouter::describe(std::string_view model) const {
  if (model.empty()) model = kDefaultModel;
  const std::size_t slash = model.find('/');
  const std::string_view provider = model.substr(0, slash);
  const std::string_view id = slash == std::string_view::npos ? std::string_view{} : model.substr(slash + 1);
  ModelInfo said;
  said.id = id;
  said.provider = provider;
  if (provider == kStarter) said.takes = said.gives = {"text"};
  const auto entry = find_entry(provider);
  if (!entry) return catalog().complete(std::move(said));
  const auto known = entry->said.find(id);
  if (known != entry->said.end()) said = known->second;
  if (provider == kStarter) said.price = Price{};  // it runs here
  return catalog().complete(std::move(said), entry->vendor);
}

TokenizerFamily ModelRouter::family_of(std::string_view model) const {
  if (model.empty()) model = kDefaultModel;
  const std::size_t slash = model.find('/');
  const std::string_view provider = model.substr(0, slash);
  const std::string_view id = slash == std::string_view::npos ? std::string_view{} : model.substr(slash + 1);
  const auto entry = find_entry(provider);
  return tokenizer_family(entry ? std::string_view(entry->config.kind) : provider, id);
}

async::Task<Result<std::size_t>> ModelRouter::test_provider(std::string provider) {
  const auto entry = find_entry(provider);
  if (!entry)
    co_return fail(ErrorCode::kNotFound, "there is no provider '{}'; see `pryx provider list`", provider);
  const auto models = co_await entry->provider->list_models();
  if (!models) {
    // A wrong key may just have been replaced in the vault.
    if (models.error().code == ErrorCode::kUnauthenticated) entry->provider->key_was_refused();
    co_return fail(models.error());
  }
  entry->breaker.succeeded();
  remember(*entry, *models);
  co_return models->size();
}

}  // namespace pryx::models
