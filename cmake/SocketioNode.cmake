# SPDX-License-Identifier: MIT
# Node.js and the pinned npm packages of tests/package.json, which the examples' pages and the tests share.
#
# Defines SOCKETIO_NODE, SOCKETIO_NODE_MODULES (the directory), the target node_modules (fetches the packages when the
# lock file is newer than they are) and SOCKETIO_HAVE_NODE.

find_program(SOCKETIO_NODE NAMES node nodejs)
find_program(SOCKETIO_NPM npm)
mark_as_advanced(SOCKETIO_NODE SOCKETIO_NPM)
set(SOCKETIO_NODE_MODULES "${PROJECT_SOURCE_DIR}/tests/node_modules")

set(SOCKETIO_HAVE_NODE FALSE)
if(SOCKETIO_NODE AND SOCKETIO_NPM)
  set(SOCKETIO_HAVE_NODE TRUE)
  # npm writes this file last, so its presence says that all packages are in place.
  set(installed "${SOCKETIO_NODE_MODULES}/.package-lock.json")
  add_custom_command(
    OUTPUT "${installed}"
    COMMAND "${SOCKETIO_NPM}" ci --no-audit --no-fund --loglevel=error
    COMMAND "${CMAKE_COMMAND}" -E touch "${installed}"
    DEPENDS "${PROJECT_SOURCE_DIR}/tests/package.json" "${PROJECT_SOURCE_DIR}/tests/package-lock.json"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests"
    COMMENT "Fetching the npm packages of tests/package.json"
    VERBATIM)
  add_custom_target(node_modules ALL DEPENDS "${installed}")
else()
  message(STATUS "Node.js or npm was not found: no tests with the JavaScript client, and the pages of the examples lack it")
endif()
