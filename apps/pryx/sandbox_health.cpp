// SPDX-License-Identifier: MIT
#include "sandbox_health.h"

namespace pryx::app {

std::vector<server::Component> describe_sandbox(const sandbox::Report& report) {
  std::vector<server::Component> out;
  server::Component whole{.name = "sandbox", .state = "ok", .required = false, .detail = {}, .version = {}};
  for (const sandbox::Layer& layer : report.layers) {
    if (layer.works) {
      if (layer.name == "bubblewrap") whole.version = layer.detail;
      whole.detail += fmt::format("{}{}: {}", whole.detail.empty() ? "" : "; ", layer.name, layer.detail);
      continue;
    }
    if (report.usable && whole.state == "ok") whole.state = "degraded";
    out.push_back({.name = "sandbox: " + layer.name,
                   .state = report.usable ? "degraded" : "down",
                   .required = false,
                   .detail = fmt::format("{}; {}", layer.detail, layer.fix),
                   .version = {}});
  }
  if (!report.usable) {
    whole.state = "down";
    whole.detail = "no program is run for an agent until every layer of it works; file tools go on";
  }
  out.insert(out.begin(), std::move(whole));
  return out;
}

}  // namespace pryx::app
