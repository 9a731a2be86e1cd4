// SPDX-License-Identifier: MIT
// A secret that went out in a request does not come back in its answer: exact occurrences, also as JSON, a
// URL or base64 writes them, give way to a mark before the model or a record sees them. Pure.
#pragma once
#include <string>

#include "engine/tools/tool.h"
#include "foundation/base/secret.h"
#include "trust/egress/broker.h"

namespace pryx::tools::http {

void scrub(std::string& text, const Secret& secret);
// The whole answer. Of one that was cut, a beginning of the secret at its end goes too.
void scrub(egress::FetchResponse& response, const Secret& secret);
void scrub(ToolOutcome& outcome, const Secret& secret);

}  // namespace pryx::tools::http
