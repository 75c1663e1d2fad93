// SPDX-License-Identifier: MIT
// Catch2's implementation and main for the 2.x header, compiled once; with 3.x they come from its library. Test support.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
