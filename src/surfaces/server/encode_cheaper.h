// SPDX-License-Identifier: MIT
// One model that was used, and what would have done the same for less, as the API tells it. Pure.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "engine/models/cheaper.h"
#include "foundation/base/json.h"
#include "trust/trace/ledger.h"

namespace pryx::server {

// `vendors`: those of the catalog to the names of the providers that have their models.
[[nodiscard]] json::object encode_model_use(const trace::ModelUse& use,
                                            const std::vector<models::CheaperModel>& others,
                                            const std::map<std::string, std::string, std::less<>>& vendors);

}  // namespace pryx::server
