# SPDX-License-Identifier: MIT
# Compiles SOURCE with COMPILER, the macros DEFINITIONS and the directories INCLUDE; passes if that fails and the first error is the one expected.
file(STRINGS "${SOURCE}" expected REGEX "^// expect: ")
string(REPLACE "// expect: " "" expected "${expected}")
if(expected STREQUAL "")
  message(FATAL_ERROR "${SOURCE} does not say what it expects")
endif()
set(flags -std=c++20 -fsyntax-only)
foreach(definition IN LISTS DEFINITIONS)
  list(APPEND flags "-D${definition}")
endforeach()
foreach(directory IN LISTS INCLUDE)
  list(APPEND flags "-I${directory}")
endforeach()
execute_process(
  COMMAND "${COMPILER}" ${flags} "${SOURCE}"
  RESULT_VARIABLE result
  ERROR_VARIABLE output)
if(result EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles")
endif()
string(REGEX MATCH "error:[^\n]*" first "${output}")
string(FIND "${first}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "expected as the first error: ${expected}\nfirst error: ${first}\n${output}")
endif()
