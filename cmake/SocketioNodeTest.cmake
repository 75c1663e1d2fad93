# SPDX-License-Identifier: MIT
# socketio_add_node_test(<name> <file.mjs> [ENVIRONMENT <VAR=value>...] [LABELS <label>...]
#                        [TIMEOUT <seconds>]): a file for Node's test runner as one test of CTest.
function(socketio_add_node_test name file)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "ENVIRONMENT;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND "${SOCKETIO_NODE}" --test --test-reporter=spec "${file}")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
                                          ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()
