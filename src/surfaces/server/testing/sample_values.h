// SPDX-License-Identifier: MIT
// What the samples of the wire have in common: one time, one principal, one id of each kind.
#pragma once
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "trust/labels/labels.h"
#include "trust/principals/principal.h"

namespace pryx::server::testing {

inline const WallTime kAt{1'790'000'000'000};
inline const PrincipalId kMe("prn_owner");
inline const trust::Labels kLabels = trust::Labels::owner("prn_owner");

template <class IdType>
IdType id() {
  return IdType(std::string(IdType::prefix()) + "01J9ZD3V3N8J4Q6R2S7T0W5X1Y");
}

}  // namespace pryx::server::testing
