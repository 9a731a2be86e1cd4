// SPDX-License-Identifier: MIT
// ToolNames: Pryx's tool names ("fs.read") to what a wire allows ([a-zA-Z0-9_-]{1,64}) and back. The mapping
// depends on the set of names only, never on their order, and no two names share a wire name. Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "engine/models/provider.h"

namespace pryx::models {

class ToolNames {
 public:
  ToolNames() = default;
  // Every tool that is offered and every tool that the history calls.
  explicit ToolNames(const ModelRequest& request);

  [[nodiscard]] std::string to_wire(std::string_view name) const;
  // A name the model made up comes back as it is: the gate will say that there is no such tool.
  [[nodiscard]] std::string from_wire(std::string_view wire_name) const;

 private:
  void add(const std::string& name);
  std::map<std::string, std::string, std::less<>> to_wire_;
  std::map<std::string, std::string, std::less<>> from_wire_;
};

}  // namespace pryx::models
