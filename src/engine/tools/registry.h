// SPDX-License-Identifier: MIT
// The tools there are, by name. Filled by explicit add() calls in apps/, then fixed. Owns the tools and their
// compiled schemas.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "engine/tools/tool.h"
#include "foundation/schema/schema.h"

namespace pryx::tools {

class Registry {
 public:
  Registry();
  ~Registry();
  // Refuses a second tool of that name and a schema that the validator cannot judge whole.
  [[nodiscard]] Result<void> add(std::unique_ptr<Tool> tool);
  [[nodiscard]] Tool* find(std::string_view name) const;
  // Problems of these arguments, one a line for the model; empty when they fit. The tool must exist.
  [[nodiscard]] std::vector<std::string> check_arguments(std::string_view name,
                                                         const json::object& arguments) const;
  // Over name, effect class and argument schema: what a call of this tool means. Part of what an approval is
  // bound to. The tool must exist.
  [[nodiscard]] const std::string& digest(std::string_view name) const;
  [[nodiscard]] std::vector<const ToolDescription*> list() const;  // by name

 private:
  struct Entry;
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries_;
};

}  // namespace pryx::tools
