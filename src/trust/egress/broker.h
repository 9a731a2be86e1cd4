// SPDX-License-Identifier: MIT
// The one way out: every byte that a tool or a sandboxed program sends to the network passes the broker. It
// allows by host, resolves names itself, checks the connected peer, re-checks each redirect, counts bytes and
// requests, and leaves a line in the record for each. I/O thread only.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "foundation/async/task.h"
#include "foundation/base/ids.h"
#include "foundation/net/http_client.h"
#include "trust/principals/principal.h"

namespace pryx::egress {

// Who sends, for the record and the limits.
struct Sender {
  Principal principal;
  SessionId session;
  TurnId turn;
  StepId step;
  std::string tool;
};

// What may be reached. A host is exact ("api.example.com", "10.0.0.7", "[::1]") or "*." and a domain; an
// optional ":port" narrows it, without one it means 80 and 443. Addresses outside the public internet are
// refused unless the entry names that very address or name.
struct AllowList {
  std::vector<std::string> entries;
};

struct Limits {
  std::size_t request_bytes = 8u << 20;
  std::size_t response_bytes = 16u << 20;
  int redirects = 5;
  Duration time = std::chrono::seconds(60);
};

struct FetchRequest {
  std::string method = "GET";
  std::string url;
  net::Headers headers;
  std::string body;
  AllowList allowed;
  Limits limits;
};

struct Hop {
  std::string url;
  int status = 0;
  std::string peer;  // the address that was really connected
};

struct FetchResponse {
  int status = 0;
  net::Headers headers;
  std::string body;
  bool truncated = false;
  std::vector<Hop> hops;  // the last one answered
};

// A proxy on a Unix socket for one sandboxed run; closing it ends every connection through it.
class ProxySocket {
 public:
  virtual ~ProxySocket() = default;
  [[nodiscard]] virtual const std::string& path() const = 0;
};

class Broker {
 public:
  virtual ~Broker() = default;
  // kDenied: not on the list, a forbidden peer, a redirect out of the list. kQuota: a rate or byte limit.
  [[nodiscard]] virtual async::Task<Result<FetchResponse>> fetch(Sender sender, FetchRequest request) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<ProxySocket>> open_proxy(Sender sender, AllowList allowed,
                                                                        Limits limits) = 0;
  [[nodiscard]] virtual async::Task<void> stop() = 0;
};

}  // namespace pryx::egress
