// SPDX-License-Identifier: MIT
// http.request: one request through the egress broker to exactly the host that the call names. GET and HEAD
// may be repeated; everything else happens once or is unknown. I/O thread only.
#pragma once
#include <memory>
#include <string>

#include "engine/tools/http/call.h"
#include "engine/tools/http/page_reader.h"
#include "engine/tools/tool.h"
#include "foundation/base/secret.h"
#include "trust/egress/broker.h"

namespace pryx::tools::http {

// Where the value of `Authorization: secret:<name>` comes from, at the last hop. Declared here for the tool's
// own need.
class SecretSource {
 public:
  virtual ~SecretSource() = default;
  // kForbidden when the secret is not meant for that host and port; kNotFound and how to add it.
  [[nodiscard]] virtual async::Task<Result<Secret>> reveal(Principal principal, std::string name,
                                                           net::Url url) = 0;
};

class HttpRequestTool final : public Tool {
 public:
  // All outlive the tool; secrets may be null.
  HttpRequestTool(egress::Broker& broker, PageReader& pages, SecretSource* secrets);
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  [[nodiscard]] EffectClass effect(const json::object& arguments) const override;
  [[nodiscard]] Result<Touches> touches(const json::object& arguments) const override;
  [[nodiscard]] std::string render(const json::object& arguments) const override;
  [[nodiscard]] async::Task<Result<Binding>> bind(json::object arguments, ToolContext context) override;
  [[nodiscard]] async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                     ToolContext context) override;

 private:
  struct Filled {
    net::Headers headers;
    std::vector<Secret> secrets;  // that stand in them
  };
  [[nodiscard]] async::Task<Result<Filled>> headers_of(Call call, ToolContext context);
  [[nodiscard]] async::Task<Result<ToolOutcome>> outcome_of(Call call, egress::FetchResponse response);

  egress::Broker& broker_;
  PageReader& pages_;
  SecretSource* secrets_;
  ToolDescription description_;
};

}  // namespace pryx::tools::http
