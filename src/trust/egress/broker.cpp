// SPDX-License-Identifier: MIT
#include "trust/egress/broker.h"
