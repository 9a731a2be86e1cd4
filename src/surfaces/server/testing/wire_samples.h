// SPDX-License-Identifier: MIT
// One value of each schema that api/openapi.yaml has for an answer, by its name, as the encoders write it:
// route_document_test holds them against the document and against api/examples.
#pragma once
#include <map>
#include <string>

#include "foundation/base/json.h"

namespace pryx::server::testing {

using WireSamples = std::map<std::string, json::object>;

// Sessions and what happens in them: messages, turns, approvals, traces, costs; and the fronts' answers.
[[nodiscard]] WireSamples samples_of_work();
// What the owner looks after: policy, audit log, models, agents, skills, memory, settings, the daemon itself.
[[nodiscard]] WireSamples samples_of_owner();

}  // namespace pryx::server::testing
