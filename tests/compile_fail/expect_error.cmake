# SPDX-License-Identifier: MIT
# Compiles SOURCE with COMPILER, the macros DEFINITIONS and the directories INCLUDE; passes if that fails and the first
# error is the one expected. What a template was instantiated with stands above that error with GCC and below it with
# Clang, in the words of each: what the file promises in lines "// names: ..." must be among the former, what it
# promises in lines "// clang names: ..." among the latter, where Clang 14 spells the name of an event in numbers. Other
# compilers are not asked.
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
string(FIND "${output}" "${first}" end)
if(output MATCHES "In instantiation of")
  set(kind "names")
  string(SUBSTRING "${output}" 0 ${end} told)
elseif(output MATCHES "in instantiation of")
  set(kind "clang names")
  string(SUBSTRING "${output}" ${end} -1 told)
else()
  return()
endif()
file(STRINGS "${SOURCE}" names REGEX "^// ${kind}: ")
foreach(name IN LISTS names)
  string(REPLACE "// ${kind}: " "" name "${name}")
  string(FIND "${told}" "${name}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "expected beside the first error: ${name}\n${output}")
  endif()
endforeach()
