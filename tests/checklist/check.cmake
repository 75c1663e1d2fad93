# SPDX-License-Identifier: MIT
# Checks that a checklist names tests that exist.
#
#   cmake -DCHECKLIST=<file.md> -DROOT=<of the paths in it> [-DALLOW_OPEN=<topic>[;<topic>]...] [-DCELLS=<number>] -P check.cmake
#
# Every row of the checklist's tables has CELLS cells, two if that is not set. The last is one of these:
#
#   `path/of/a/file: "name of the test"`    one or more, separated by commas, of Catch2 or of Node's runner; the name as
#                                           the source has it. For a mistake in compile_fail/ it is the sentence that
#                                           the compiler is expected to say
#   n/a: <reason>                           the behaviour does not apply to a C++ server
#   open: <topic>                           no test shows it yet; only for topics in ALLOW_OPEN
#
# Fails with one line for every other row, for every file that does not exist or has no test of that name, and for every
# topic in ALLOW_OPEN that no row needs.

cmake_minimum_required(VERSION 3.22)

# contains_any(<variable> <content> <text>...)
function(contains_any variable content)
  set(${variable} FALSE PARENT_SCOPE)
  math(EXPR last "${ARGC} - 1")
  foreach(i RANGE 2 ${last})
    string(FIND "${content}" "${ARGV${i}}" at)
    if(NOT at EQUAL -1)
      set(${variable} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# has_test(<variable> <path> <name>)
function(has_test variable path name)
  file(READ "${ROOT}/${path}" content)
  if(path MATCHES "\\.mjs$")
    contains_any(found "${content}" "it(\"${name}\", " "it(`${name}`, ")
  elseif(path MATCHES "/compile_fail/")
    contains_any(found "${content}" "// expect: ${name}\n")
  else()
    # The tags follow a name, on the same line or on the next.
    string(REGEX REPLACE ",[ \n]+" ", " content "${content}")
    contains_any(found "${content}" "TEST_CASE(\"${name}\", " "Fixture, \"${name}\", ")
  endif()
  set(${variable} "${found}" PARENT_SCOPE)
endfunction()

set(between "")
set(count two)
if(CELLS AND NOT CELLS EQUAL 2)
  set(count ${CELLS})
  math(EXPR more "${CELLS} - 2")
  string(REPEAT "[^|]+ [|] " ${more} between)
endif()

# Brackets and semicolons are special in CMake's lists, so they are replaced.
file(READ "${CHECKLIST}" text)
string(REPLACE "[" "<bracket>" text "${text}")
string(REPLACE "]" "<tekcarb>" text "${text}")
string(REPLACE ";" "<semicolon>" text "${text}")
string(REPLACE "\n" ";" lines "${text}")

set(violations "")
set(rows 0)
set(tests 0)
set(open_rows 0)
set(needed "")
foreach(line IN LISTS lines)
  if(NOT line MATCHES "^[|]" OR line MATCHES "^[|] *-+ *[|]" OR line MATCHES "[|] Shown by [|]$")
    continue()
  endif()
  math(EXPR rows "${rows} + 1")
  string(REPLACE "<bracket>" "[" line "${line}")
  string(REPLACE "<tekcarb>" "]" line "${line}")
  string(REPLACE "<semicolon>" ";" line "${line}")
  if(NOT line MATCHES "^[|] ([^|]+) [|] ${between}([^|]+) [|]$")
    string(APPEND violations "\n  not ${count} cells: ${line}")
    continue()
  endif()
  set(behaviour "${CMAKE_MATCH_1}")
  set(shown_by "${CMAKE_MATCH_2}")

  if(shown_by MATCHES "^n/a: [^ ]")
    continue()
  elseif(shown_by MATCHES "^open: ([a-z0-9 ]+)$")
    set(topic "${CMAKE_MATCH_1}")
    math(EXPR open_rows "${open_rows} + 1")
    list(APPEND needed "${topic}")
    if(NOT topic IN_LIST ALLOW_OPEN)
      string(APPEND violations "\n  open (${topic}): ${behaviour}")
    endif()
    continue()
  endif()

  set(rest ", ${shown_by}")
  while(rest MATCHES "^, `([^`\":]+): \"([^`]+)\"`(.*)$")
    set(path "${CMAKE_MATCH_1}")
    set(name "${CMAKE_MATCH_2}")
    set(rest "${CMAKE_MATCH_3}")
    math(EXPR tests "${tests} + 1")
    if(NOT EXISTS "${ROOT}/${path}")
      string(APPEND violations "\n  no such file as ${path}: ${behaviour}")
      continue()
    endif()
    has_test(found "${path}" "${name}")
    if(NOT found)
      string(APPEND violations "\n  no test \"${name}\" in ${path}: ${behaviour}")
    endif()
  endwhile()
  if(NOT rest STREQUAL "")
    string(APPEND violations "\n  neither tests nor a reason: ${behaviour}")
  endif()
endforeach()

foreach(topic IN LISTS ALLOW_OPEN)
  if(NOT topic IN_LIST needed)
    string(APPEND violations "\n  ALLOW_OPEN names ${topic}, of which nothing is open")
  endif()
endforeach()
if(rows EQUAL 0)
  string(APPEND violations "\n  no rows")
endif()
if(violations)
  message(FATAL_ERROR "${CHECKLIST} does not hold:${violations}")
endif()
message(STATUS "${rows} behaviours, ${tests} times shown by a test, ${open_rows} open")
