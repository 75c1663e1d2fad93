# SPDX-License-Identifier: MIT
# Shows that check.cmake refuses wrong rows: each row below is wrong in one way, except for the first ones.
#
#   cmake -DCHECK=<check.cmake> -DWORK_DIR=<scratch directory> -P selftest.cmake

cmake_minimum_required(VERSION 3.22)

set(failures "")
file(WRITE "${WORK_DIR}/tests/a.cpp"
     "TEST_CASE(\"one; two [three]\", \"[tag]\") {}\nTEST_CASE_METHOD(Fixture, \"of a fixture\",\n  \"[tag]\") {}\n"
     "// mentions \"nothing\", and no more\n")
file(WRITE "${WORK_DIR}/tests/b.test.mjs" "it(\"plain\", async () => {});\nit(`of \${each}`, () => {});\n")
file(WRITE "${WORK_DIR}/tests/compile_fail/c.cpp" "// expect: a sentence\nTEST_CASE(\"not one here\", \"\") {}\n")

# expect(<name> <regex of the complaint, or "" for none> <topics that may be open> <row> [<number of cells>])
function(expect name complaint allow_open row)
  file(WRITE "${WORK_DIR}/${name}.md" "# Title\n\n| Behaviour | Shown by |\n| --- | --- |\n${row}\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" "-DCHECKLIST=${WORK_DIR}/${name}.md" "-DROOT=${WORK_DIR}"
                          "-DALLOW_OPEN=${allow_open}" "-DCELLS=${ARGV4}" -P "${CHECK}"
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(complaint STREQUAL "")
    if(NOT result EQUAL 0)
      list(APPEND failures "${name}: refused although nothing is wrong: ${output}")
    endif()
  elseif(result EQUAL 0)
    list(APPEND failures "${name}: accepted")
  elseif(NOT output MATCHES "${complaint}")
    list(APPEND failures "${name}: refused without the words '${complaint}': ${output}")
  endif()
  set(failures "${failures}" PARENT_SCOPE)
endfunction()

expect(catch "" "" "| x | `tests/a.cpp: \"one; two [three]\"`, `tests/a.cpp: \"of a fixture\"` |")
expect(node "" "" "| x | `tests/b.test.mjs: \"plain\"`, `tests/b.test.mjs: \"of \${each}\"` |")
expect(mistake "" "" "| x | `tests/compile_fail/c.cpp: \"a sentence\"` |")
expect(reason "" "" "| [x]; y | n/a: no such thing in C++ |")
expect(allowed "" "later" "| x | open: later |")
expect(empty "no rows" "" "")
expect(no_file "no such file as tests/c.cpp" "" "| x | `tests/c.cpp: \"plain\"` |")
expect(no_test "no test \"one\" in tests/a.cpp" "" "| x | `tests/a.cpp: \"one\"` |")
expect(no_second_test "no test \"two\"" "" "| x | `tests/a.cpp: \"of a fixture\"`, `tests/a.cpp: \"two\"` |")
expect(no_node_test "no test \"plainly\"" "" "| x | `tests/b.test.mjs: \"plainly\"` |")
expect(no_mistake "no test \"a sent\"" "" "| x | `tests/compile_fail/c.cpp: \"a sent\"` |")
expect(no_catch_mistake "no test \"not one here\"" "" "| x | `tests/compile_fail/c.cpp: \"not one here\"` |")
expect(mention "no test \"nothing\"" "" "| x | `tests/a.cpp: \"nothing\"` |")
expect(nothing "neither tests nor a reason" "" "| x | yes |")
expect(no_name "neither tests nor a reason" "" "| x | `tests/a.cpp` |")
expect(no_reason "neither tests nor a reason" "" "| x | n/a |")
expect(more "neither tests nor a reason" "" "| x | `tests/a.cpp: \"of a fixture\"` and more |")
expect(one_cell "not two cells" "" "| x |")
expect(three_cells "not two cells" "" "| x | y | z |")
expect(four_cells "" "" "| x | y | z | `tests/b.test.mjs: \"plain\"` |" 4)
expect(too_few_cells "not 4 cells" "" "| x | y | `tests/b.test.mjs: \"plain\"` |" 4)
expect(no_test_in_four "no test \"two\"" "" "| x | y | z | `tests/a.cpp: \"two\"` |" 4)
expect(open "open .later.: x" "" "| x | open: later |")
expect(other_open "open .later.: x" "sooner" "| x | open: later |")
expect(closed "nothing is open" "later" "| x | n/a: it is done |")

if(failures)
  list(JOIN failures "\n  " text)
  message(FATAL_ERROR "the check of the checklist does not work:\n  ${text}")
endif()
