// SPDX-License-Identifier: MIT
#include "trust/sandbox/sandbox.h"
