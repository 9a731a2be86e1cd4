// SPDX-License-Identifier: MIT
// The bus: WebSocket clients that follow the event log and send requests (contract.md section 5). A client
// gets every durable event it may see once and in order, then the live ones; an event is one buffer however
// many read it. Owned by the server, I/O thread only.
#pragma once
#include <memory>
#include <set>

#include "foundation/async/task_group.h"
#include "foundation/base/json.h"
#include "surfaces/server/auth.h"
#include "surfaces/server/server.h"

namespace pryx::server {

class RefusalLog;
struct RouteCall;
struct Reply;

class Bus {
 public:
  Bus(Services& services, const ServerOptions& options, Auth& auth, RefusalLog& refusals);
  ~Bus();
  // Upgrades the request and serves the client until one side has enough.
  [[nodiscard]] async::Task<Result<Reply>> serve(RouteCall& call);
  [[nodiscard]] async::Task<void> stop();
  [[nodiscard]] std::size_t client_count() const { return clients_.size(); }

 private:
  struct Client;
  [[nodiscard]] async::Task<void> pump_events(std::shared_ptr<Client> client);
  [[nodiscard]] async::Task<void> answer_requests(std::shared_ptr<Client> client);
  [[nodiscard]] static Result<void> check_csrf(const Client& client, std::string_view name,
                                               std::string_view csrf);
  [[nodiscard]] async::Task<Result<json::object>> perform(std::shared_ptr<Client> client, std::string name,
                                                          json::object payload);
  [[nodiscard]] async::Task<Result<json::object>> subscribe(std::shared_ptr<Client> client,
                                                            json::object payload);
  [[nodiscard]] Result<json::object> acknowledge(Client& client, const json::object& payload);
  void start_pump(std::shared_ptr<Client> client, events::Filter filter, std::optional<std::uint64_t> since);
  [[nodiscard]] async::Task<void> stop_pump(std::shared_ptr<Client> client);
  [[nodiscard]] std::string refuse(std::string_view name, const json::value& request_id, const Error& error);
  [[nodiscard]] std::string envelope(std::string_view type, std::string_view event,
                                     const json::value& request_id, const json::object& payload) const;

  Services& services_;
  const ServerOptions& options_;
  Auth& auth_;
  RefusalLog& refusals_;
  async::TaskGroup group_;
  std::set<std::shared_ptr<Client>> clients_;
  bool stopping_ = false;
};

}  // namespace pryx::server
