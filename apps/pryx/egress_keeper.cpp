// SPDX-License-Identifier: MIT
#include "egress_keeper.h"

#include <unistd.h>

#include "foundation/net/own_addresses.h"

namespace pryx::app {
namespace {

// The helpers lie beside this program.
std::string beside_this_program(const std::string& name) {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  const std::string own(path, length > 0 ? static_cast<std::size_t>(length) : 0);
  return own.substr(0, own.rfind('/') + 1) + name;
}

trace::SpanStatus status_of(const std::string& state) {
  if (state == "done") return trace::SpanStatus::kOk;
  if (state == "denied") return trace::SpanStatus::kDenied;
  return state == "unknown" ? trace::SpanStatus::kInterrupted : trace::SpanStatus::kError;
}

// Where the turn's other work is drawn, and with no more than the record itself has.
Result<void> add_span(db::Transaction& t, trace::Recorder& recorder, const egress::RequestRecord& r) {
  if (r.turn.empty()) return {};
  PRYX_TRY(const auto context, trace::SpanStore::context_of(t.db(), r.principal, r.turn));
  trace::Span span{.principal = r.principal,
                   .session = r.session,
                   .turn = r.turn,
                   .step = r.step,
                   .trace_id = context.trace_id,
                   .span_id = trace::span_id_of(context.trace_id, fmt::format("egress/{}", r.number)),
                   .parent_id = trace::turn_span_id(context.trace_id, r.turn),
                   .kind = trace::SpanKind::kRequest,
                   .name = fmt::format("{} {}", r.method, r.host),
                   .start_ns = trace::to_ns(r.at),
                   .end_ns = trace::to_ns(r.ended_at),
                   .status = status_of(r.state),
                   .message = r.state == "done" ? std::string() : r.reason,
                   .attributes = {{"http.request.method", r.method},
                                  {"server.address", r.host},
                                  {"server.port", r.port},
                                  {"gen_ai.tool.name", r.tool},
                                  {"pryx.egress.number", r.number},
                                  {"pryx.egress.bytes_out", r.bytes_out},
                                  {"pryx.egress.bytes_in", r.bytes_in}}};
  if (!r.peer.empty()) span.attributes["network.peer.address"] = r.peer;
  if (r.status != 0) span.attributes["http.response.status_code"] = r.status;
  return recorder.add(t, std::move(span), "egress");
}

}  // namespace

EgressKeeper::EgressKeeper(const Parts& parts)
    : log_(parts.database, parts.audit, parts.loop.clock()), secrets_(parts.vault) {
  log_.on_end([&recorder = parts.trace](db::Transaction& t, const egress::RequestRecord& record) {
    return add_span(t, recorder, record);
  });
  egress::BrokerOptions options;
  options.socket_directory = parts.run_directory + "/egress";
  options.is_own_service = [port = own_port_](const net::IpAddress& address, std::uint16_t to) {
    return *port != 0 && to == *port && (!net::is_public(address) || net::is_own_address(address));
  };
  broker_ = egress::make_broker(parts.loop, parts.client, log_, std::move(options));
  pages_ = tools::http::make_page_reader(parts.pool, beside_this_program("pryx-worker"));
}

Result<void> EgressKeeper::add_tools(tools::Registry& registry) {
  return registry.add(std::make_unique<tools::http::HttpRequestTool>(*broker_, *pages_, &secrets_));
}

}  // namespace pryx::app
