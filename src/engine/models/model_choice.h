// SPDX-License-Identifier: MIT
// In which order models are suggested to somebody who has not chosen one yet. Pure.
#pragma once
#include <vector>

#include "engine/models/model_info.h"

namespace pryx::models {

// The first is what to take when nothing else is known: it answers in text and calls tools, has a price, and
// is of the newest version; of that the plain one, then the cheaper. Models of which nobody knows whether
// they can hold a conversation come behind, those that cannot at the end.
void sort_for_choice(std::vector<ModelInfo>& models);

}  // namespace pryx::models
