// SPDX-License-Identifier: MIT
// Reads on in the table of spans and posts what is there to the collector that the user named. Off until it
// is given an endpoint. Owned by apps/, I/O thread only.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "foundation/async/task_group.h"
#include "foundation/base/secret.h"
#include "foundation/db/database.h"
#include "foundation/net/url.h"
#include "trust/egress/broker.h"
#include "trust/telemetry/otlp_codec.h"

namespace pryx::telemetry {

struct OtlpSettings {
  std::string endpoint;  // "https://collector.example:4318"; empty: off
  bool as_json = false;
  std::string headers;  // "Authorization=keychain:otlp", parted by commas
  bool operator==(const OtlpSettings&) const = default;
};
// The address that spans are posted to: the endpoint's path, ending in /v1/traces.
[[nodiscard]] Result<net::Url> traces_url(const std::string& endpoint);

// The last hop of a header's value, and what must not leave in a span.
class ExportSecrets {
 public:
  virtual ~ExportSecrets() = default;
  [[nodiscard]] virtual async::Task<Result<Secret>> reveal(std::string reference, net::Url url) = 0;
  [[nodiscard]] virtual async::Task<Result<std::vector<Secret>>> values_to_redact() = 0;
};

class OtlpExporter {
 public:
  struct Parts {
    async::EventLoop& loop;
    db::Database& database;
    egress::Broker& broker;
    ExportSecrets& secrets;
    Resource resource;
  };
  explicit OtlpExporter(Parts parts);
  // How far a collector was sent: a restart goes on from there. Nothing is kept while it is off, so what
  // happens then is never sent later.
  [[nodiscard]] static db::ModuleMigrations migrations();
  // Takes effect at once; a wrong endpoint or header is logged and turns it off.
  void use(OtlpSettings settings);
  [[nodiscard]] async::Task<void> stop();
  [[nodiscard]] bool is_on() const { return group_.is_running(task_); }

 private:
  struct Batch {
    std::string body;
    std::int64_t last = 0;  // 0: nothing is there
  };
  [[nodiscard]] async::Task<void> run(OtlpSettings settings, net::Url url);
  [[nodiscard]] async::Task<Result<std::int64_t>> find_cursor(std::string endpoint);
  [[nodiscard]] async::Task<Result<void>> keep_cursor(std::string endpoint, std::int64_t seq);
  [[nodiscard]] async::Task<void> forget_cursors();
  [[nodiscard]] async::Task<Result<Batch>> next_batch(bool as_json);
  // The pause before the next try.
  [[nodiscard]] async::Task<Duration> send_some(OtlpSettings settings, net::Url url);
  [[nodiscard]] async::Task<Result<egress::FetchResponse>> post(OtlpSettings settings, net::Url url,
                                                                std::string body);
  Parts parts_;
  async::TaskGroup group_;
  async::TaskGroup::TaskId task_ = 0;
  std::optional<OtlpSettings> settings_;  // none: not told yet
  std::int64_t sent_ = 0;                 // the last span that was sent or is not to be
  int failures_ = 0;
};

}  // namespace pryx::telemetry
