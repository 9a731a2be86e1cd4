// SPDX-License-Identifier: MIT
// ModelRouter: from "provider/model" to a stream of events. It owns the providers, one circuit breaker each,
// and the retries that may happen before anything was shown. I/O thread only.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/models/catalog.h"
#include "engine/models/circuit_breaker.h"
#include "engine/models/key_source.h"
#include "engine/models/provider.h"
#include "engine/models/provider_config.h"
#include "engine/models/token_estimate.h"
#include "foundation/async/event_loop.h"

namespace pryx::net {
class HttpClient;
}

namespace pryx::models {

inline constexpr std::string_view kDefaultModel = "starter/commands";

struct ModelName {
  std::string provider;
  std::string model;
};
// "provider/model"; the model part may hold slashes itself.
[[nodiscard]] Result<ModelName> parse_model_name(std::string_view text);

struct ProviderHealth {
  std::string name;
  std::string kind;
  std::string base_url;
  BreakerState breaker = BreakerState::kClosed;
};

// Why an attempt failed, and how long until the next one.
using RetryObserver = std::function<void(const Error& error, Duration wait)>;
// Before a request is sent again that the provider has read (AttemptFacts::was_read): `error` is what it
// ended with. Pays for that one and for what the next may cost, whose longest answer it may shorten; an
// error: it is not sent. Both references outlive the call.
using RepeatGate = std::function<async::Task<Result<void>>(const Error& error, ModelRequest& request)>;

class ModelRouter {
 public:
  // All references outlive the router.
  ModelRouter(async::EventLoop& loop, net::HttpClient& http, KeySource& keys, Random& random);
  ~ModelRouter();

  // What put_provider() would say of it, without doing it.
  [[nodiscard]] Result<void> check_provider(ProviderConfig config) const;
  // Adds or replaces. Streams that are open keep the old provider until they end.
  [[nodiscard]] Result<void> put_provider(ProviderConfig config);
  // For tests and providers that are built elsewhere.
  void put_provider(std::string name, std::shared_ptr<Provider> provider);
  [[nodiscard]] bool remove_provider(
      std::string_view name);  // false: no such provider; "starter" cannot be removed
  [[nodiscard]] std::vector<ProviderHealth> providers() const;

  // Vendors in the catalog to the names of the providers that have their models.
  [[nodiscard]] std::map<std::string, std::string, std::less<>> vendors() const;

  // Whether a request could be sent: the name is well-formed and the provider is configured.
  [[nodiscard]] Result<ModelName> resolve(std::string_view model) const;
  // Whether the address of the model's provider is of this machine: a server that does not run here is not
  // waited for as a network is.
  [[nodiscard]] bool is_on_this_machine(std::string_view model) const;
  // Lets the next request to the model's provider through an open breaker: somebody waited for it, or knows
  // that it is back.
  void expect_back(std::string_view model);
  // Tries until the first event was handed out (RT-20); what fails later is the caller's to decide.
  // `request.model` is a full name; empty means kDefaultModel. kUnavailable at once while the provider's
  // breaker is open, with retry_after_ms.
  // `on_retry` is called before each wait, `before_repeat` after it; what they refer to outlives the stream.
  [[nodiscard]] async::Task<Result<std::unique_ptr<ModelStream>>> stream(ModelRequest request,
                                                                         RetryObserver on_retry = {},
                                                                         RepeatGate before_repeat = {});
  [[nodiscard]] async::Task<Result<std::vector<ModelInfo>>> list_models(std::string provider);
  // The same from memory, by id: what the provider listed last. Of one that was not asked yet what it said of
  // single models, and what the catalog expects it to have. Never asks anybody.
  [[nodiscard]] std::vector<ModelInfo> known_models(std::string_view provider) const;
  // What the provider lists would tell more than what is remembered: it listed nothing yet, and no catalog
  // knows what it has, or its list is older than a minute.
  [[nodiscard]] bool is_list_due(std::string_view provider) const;
  // What is known about a model right now: what its provider said when it was last asked, the catalog, and
  // what a person wrote over it. Never asks anybody; what nobody knows is empty. An empty name means
  // kDefaultModel.
  [[nodiscard]] ModelInfo describe(std::string_view model) const;
  // Whose tokenizer its tokens are estimated by. A provider that is not there counts by its name, which is
  // often its kind. An empty name means kDefaultModel.
  [[nodiscard]] TokenizerFamily family_of(std::string_view model) const;
  // The built-in catalog until it is told otherwise. Never null.
  void set_catalog(std::shared_ptr<const Catalog> catalog) { catalog_ = std::move(catalog); }
  [[nodiscard]] const Catalog& catalog() const;
  // One round trip to the provider (its model list), for `pryx provider test`.
  [[nodiscard]] async::Task<Result<std::size_t>> test_provider(std::string provider);

 private:
  struct Entry;
  class RetryingStream;
  [[nodiscard]] std::shared_ptr<Entry> find_entry(std::string_view name) const;
  [[nodiscard]] Result<std::shared_ptr<Entry>> make_entry(ProviderConfig config) const;
  [[nodiscard]] async::Task<void> learn(Entry& entry, std::string model);
  void remember(Entry& entry, const std::vector<ModelInfo>& said) const;

  async::EventLoop& loop_;
  net::HttpClient& http_;
  KeySource& keys_;
  Random& random_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
  mutable std::shared_ptr<const Catalog> catalog_;  // the built-in one is read when it is first asked
};

}  // namespace pryx::models
