# SPDX-License-Identifier: MIT
# Builds and runs the project of another user against this library.
#
#   cmake -DMODE=find_package|add_subdirectory -DSOURCE_DIR=<root of socketio> -DBUILD_DIR=<its build tree>
#         -DWORK_DIR=<scratch> -DGENERATOR=... -DCOMPILER=... -DLAUNCHER=... -DMODULES=<cmake arguments> -P run.cmake

cmake_minimum_required(VERSION 3.22)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed: ${command}")
  endif()
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
set(arguments "-DCMAKE_CXX_COMPILER=${COMPILER}" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-g0 ${MODULES})
if(LAUNCHER)
  set(ENV{CMAKE_CXX_COMPILER_LAUNCHER} "${LAUNCHER}")
endif()
if(MODE STREQUAL "find_package")
  run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${WORK_DIR}/first")
  # The package is moved after its installation: nothing in it may contain its path.
  file(RENAME "${WORK_DIR}/first" "${WORK_DIR}/prefix")
  list(APPEND arguments "-DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix")
else()
  list(APPEND arguments "-DSOCKETIO_SOURCE_DIR=${SOURCE_DIR}")
endif()
run("${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${CMAKE_CURRENT_LIST_DIR}/project" -B "${WORK_DIR}/build" ${arguments})
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/build" --config Debug)
foreach(program IN ITEMS stranger stranger_compiled)
  if(program STREQUAL "stranger" OR NOT "-DWITH_COMPILED=OFF" IN_LIST MODULES)
    find_program(${program} ${program} PATHS "${WORK_DIR}/build" "${WORK_DIR}/build/Debug" NO_DEFAULT_PATH REQUIRED)
    run("${${program}}")
  endif()
endforeach()
