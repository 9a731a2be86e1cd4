// SPDX-License-Identifier: MIT
// The part of a provider that all vendors share: one attempt over HTTP, the key in one header, time limits,
// framing, and the codec's decoder fed until the answer ends. I/O thread only.
#pragma once
#include <memory>

#include "engine/models/key_source.h"
#include "engine/models/provider.h"
#include "engine/models/provider_config.h"
#include "engine/models/wire_codec.h"
#include "foundation/async/event_loop.h"

namespace pryx::net {
class HttpClient;
}

namespace pryx::models {

struct WireLimits {
  Duration connect = std::chrono::seconds(10);
  Duration first_token = std::chrono::seconds(120);  // a local model may have to be read from disk first
  Duration idle =
      std::chrono::seconds(60);  // between two frames that say something; keep-alives do not count
  std::size_t max_event_bytes = 1u << 20;
  std::size_t max_answer_bytes = 32u << 20;
};

// References outlive the provider and its streams. A stream may outlive the provider.
[[nodiscard]] std::unique_ptr<Provider> make_wire_provider(async::EventLoop& loop, net::HttpClient& http,
                                                           KeySource& keys, ProviderConfig config,
                                                           std::shared_ptr<const WireCodec> codec,
                                                           WireLimits limits = {});

}  // namespace pryx::models
