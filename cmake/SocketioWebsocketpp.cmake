# SPDX-License-Identifier: MIT
# The optional second transport: defines socketio::websocketpp, which is socketio::socketio with what
# <socketio/transport/websocketpp.hpp> needs. Used by this project and, for COMPONENTS websocketpp, by its package.
#
# WebSocket++ 0.8.2 names constructors and destructors in a way that C++20 does not have any more. Compilers that insist
# get copies of the headers concerned, corrected, in the build tree; others take them as they are installed.
#
#   socketio_find_websocketpp()  sets Websocketpp_FOUND, Websocketpp_VERSION and the cache entry Websocketpp_INCLUDE_DIR,
#                                which may be set by hand
#   socketio_add_websocketpp()   defines the target

include(CheckCXXSourceCompiles)

macro(socketio_find_websocketpp)
  find_path(Websocketpp_INCLUDE_DIR NAMES websocketpp/version.hpp)
  mark_as_advanced(Websocketpp_INCLUDE_DIR)
  set(Websocketpp_FOUND FALSE)
  if(Websocketpp_INCLUDE_DIR)
    set(Websocketpp_FOUND TRUE)
    set(_socketio_parts "")
    foreach(_socketio_part IN ITEMS major minor patch)
      file(STRINGS "${Websocketpp_INCLUDE_DIR}/websocketpp/version.hpp" _socketio_line
           REGEX "${_socketio_part}_version = [0-9]+")
      if(_socketio_line MATCHES "_version = ([0-9]+)")
        list(APPEND _socketio_parts "${CMAKE_MATCH_1}")
      endif()
    endforeach()
    list(JOIN _socketio_parts "." Websocketpp_VERSION)
  endif()
endmacro()

# Sets <variable> to whether the headers of WebSocket++ compile as C++20, found in the given directories in their order.
function(_socketio_check_websocketpp variable)
  set(CMAKE_CXX_STANDARD 20)
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_REQUIRED_INCLUDES ${ARGN})
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles("#include <websocketpp/server.hpp>\nint main() {}" ${variable})
endfunction()

function(socketio_add_websocketpp)
  if(TARGET socketio::websocketpp)
    return()
  endif()
  set(directories "${Websocketpp_INCLUDE_DIR}")
  _socketio_check_websocketpp(SOCKETIO_WEBSOCKETPP_COMPILES ${directories})
  if(NOT SOCKETIO_WEBSOCKETPP_COMPILES)
    set(overlay "${CMAKE_BINARY_DIR}/socketio_websocketpp")
    foreach(header IN ITEMS endpoint.hpp roles/server_endpoint.hpp)
      set(original "${Websocketpp_INCLUDE_DIR}/websocketpp/${header}")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${original}")
      file(READ "${original}" text)
      string(REGEX REPLACE "(endpoint|server)<[a-z, ]+>\\(" "\\1(" text "${text}")
      set(old "")
      if(EXISTS "${overlay}/websocketpp/${header}")
        file(READ "${overlay}/websocketpp/${header}" old)
      endif()
      if(NOT old STREQUAL text)
        file(WRITE "${overlay}/websocketpp/${header}" "${text}")
      endif()
    endforeach()
    list(INSERT directories 0 "${overlay}")
    _socketio_check_websocketpp(SOCKETIO_WEBSOCKETPP_OVERLAY_COMPILES ${directories})
    if(NOT SOCKETIO_WEBSOCKETPP_OVERLAY_COMPILES)
      message(FATAL_ERROR "The headers of WebSocket++ ${Websocketpp_VERSION} in ${Websocketpp_INCLUDE_DIR} do not compile "
                          "as C++20, not even corrected: see CMakeFiles/CMakeError.log or CMakeConfigureLog.yaml")
    endif()
  endif()
  add_library(socketio_websocketpp INTERFACE)
  add_library(socketio::websocketpp ALIAS socketio_websocketpp)
  target_link_libraries(socketio_websocketpp INTERFACE socketio::socketio)
  target_include_directories(socketio_websocketpp SYSTEM INTERFACE ${directories})
endfunction()
