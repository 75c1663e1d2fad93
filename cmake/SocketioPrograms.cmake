# SPDX-License-Identifier: MIT
# How this project's own programs are made.

# socketio_add_program(<name> <source>...): an executable with our warnings, which may include <tests/support/...>. It
# links SOCKETIO_LIBRARY: the compiled bodies, or socketio::socketio where a directory says so.
set(SOCKETIO_LIBRARY socketio::compiled)
function(socketio_add_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ${SOCKETIO_LIBRARY} socketio_warnings)
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
endfunction()

if(TARGET socketio::websocketpp)
  add_library(socketio_websocketpp_compiled STATIC "${CMAKE_CURRENT_LIST_DIR}/compiled/websocketpp.cpp")
  target_link_libraries(socketio_websocketpp_compiled PUBLIC socketio::compiled socketio::websocketpp
                                                      PRIVATE socketio_warnings)
  set_target_properties(socketio_websocketpp_compiled PROPERTIES EXCLUDE_FROM_ALL ON)
endif()

# socketio_link_transports(<program>): all transports that the program can choose from. The macro
# SOCKETIO_WITH_WEBSOCKETPP tells it that the second is there.
function(socketio_link_transports name)
  if(TARGET socketio::websocketpp)
    target_link_libraries(${name} PRIVATE socketio_websocketpp_compiled)
    target_compile_definitions(${name} PRIVATE SOCKETIO_WITH_WEBSOCKETPP)
  endif()
endfunction()

# socketio_add_example(<name>): examples/<name>/main.cpp becomes <build>/examples/<name>/<name>. The files of
# examples/<name>/public are copied beside it, together with examples/shared/look.css and the client's bundle; the program
# finds them at PUBLIC_DIR.
function(socketio_add_example name)
  set(target "example_${name}")
  set(source_dir "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
  set(binary_dir "${CMAKE_CURRENT_BINARY_DIR}/${name}")
  set(public_dir "${binary_dir}/public")

  file(GLOB sources CONFIGURE_DEPENDS "${source_dir}/*.cpp")
  socketio_add_program(${target} ${sources})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME "${name}" RUNTIME_OUTPUT_DIRECTORY "${binary_dir}"
                                             PUBLIC_DIR "${public_dir}")
  target_compile_definitions(${target} PRIVATE "PUBLIC_DIR=\"${public_dir}\"")

  set(copies "")
  file(GLOB_RECURSE pages CONFIGURE_DEPENDS RELATIVE "${source_dir}/public" "${source_dir}/public/*")
  foreach(page IN LISTS pages)
    add_custom_command(OUTPUT "${public_dir}/${page}"
                       COMMAND "${CMAKE_COMMAND}" -E copy "${source_dir}/public/${page}" "${public_dir}/${page}"
                       DEPENDS "${source_dir}/public/${page}" VERBATIM)
    list(APPEND copies "${public_dir}/${page}")
  endforeach()
  add_custom_command(OUTPUT "${public_dir}/look.css"
                     COMMAND "${CMAKE_COMMAND}" -E copy "${CMAKE_CURRENT_SOURCE_DIR}/shared/look.css" "${public_dir}/look.css"
                     DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/shared/look.css" VERBATIM)
  list(APPEND copies "${public_dir}/look.css")
  if(SOCKETIO_HAVE_NODE)
    foreach(bundle IN ITEMS socket.io.min.js socket.io.min.js.map)
      set(origin "${SOCKETIO_NODE_MODULES}/socket.io-client/dist/${bundle}")
      add_custom_command(OUTPUT "${public_dir}/${bundle}"
                         COMMAND "${CMAKE_COMMAND}" -E copy "${origin}" "${public_dir}/${bundle}"
                         DEPENDS "${SOCKETIO_NODE_MODULES}/.package-lock.json" VERBATIM)
      list(APPEND copies "${public_dir}/${bundle}")
    endforeach()
  endif()
  add_custom_target(${target}_pages DEPENDS ${copies})
  if(TARGET node_modules)
    add_dependencies(${target}_pages node_modules)
  endif()
  add_dependencies(${target} ${target}_pages)
endfunction()
