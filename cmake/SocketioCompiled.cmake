# SPDX-License-Identifier: MIT
# socketio::compiled: the bodies of the library, compiled once. A program that links it instead of socketio::socketio
# compiles less in each of its files. BUILD_SHARED_LIBS decides whether it is an archive (the default) or a shared library.
#
# It is built when a program of the project links it, and always with SOCKETIO_BUILD_COMPILED, which also installs it.

# Two files, so that two processors compile them and neither compiler needs 1 GB.
add_library(socketio_compiled "${CMAKE_CURRENT_LIST_DIR}/compiled/core.cpp" "${CMAKE_CURRENT_LIST_DIR}/compiled/engine.cpp")
add_library(socketio::compiled ALIAS socketio_compiled)
target_link_libraries(socketio_compiled PUBLIC socketio)
target_compile_definitions(socketio_compiled PUBLIC SOCKETIO_SEPARATE_COMPILATION)
set_target_properties(
  socketio_compiled
  PROPERTIES EXPORT_NAME compiled
             OUTPUT_NAME socketio
             VERSION "${PROJECT_VERSION}"
             SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}"
             WINDOWS_EXPORT_ALL_SYMBOLS ON)
if(NOT SOCKETIO_BUILD_COMPILED)
  set_target_properties(socketio_compiled PROPERTIES EXCLUDE_FROM_ALL ON)
endif()
