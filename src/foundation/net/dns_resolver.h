// SPDX-License-Identifier: MIT
// DnsResolver: names to addresses without ever blocking the loop, on c-ares. Answers are kept for their time
// to live, at most a minute; equal questions share one query. /etc/hosts is honoured. I/O thread only.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "foundation/async/event_loop.h"
#include "foundation/net/address_rules.h"

namespace pryx::net {

class DnsResolver {
 public:
  // `servers` as "127.0.0.1:5353,…"; empty: the system's. Nothing is opened before the first question.
  DnsResolver(async::RealEventLoop& loop, std::string servers);
  ~DnsResolver();  // callers that wait get kCancelled
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;

  // At least one address, best first. "localhost" and numeric addresses never leave the process. Cancelling
  // the caller returns at once; its query runs out by itself.
  [[nodiscard]] async::Task<Result<std::vector<IpAddress>>> resolve(std::string host, Duration limit);
  // Answers every waiting caller with kCancelled and refuses further questions.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pryx::net
