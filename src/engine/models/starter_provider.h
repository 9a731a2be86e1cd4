// SPDX-License-Identifier: MIT
// StarterProvider: "starter/commands", a model that is no AI. It needs no network and no state: everything
// follows from the messages of the request. It calls tools one after the other, whether or not they are
// offered, so that the gate decides and the answer can say how.
#pragma once
#include <memory>

#include "engine/models/provider.h"

namespace pryx::models {

[[nodiscard]] std::unique_ptr<Provider> make_starter_provider();

}  // namespace pryx::models
