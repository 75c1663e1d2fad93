# SPDX-License-Identifier: MIT
# Uses ccache and a fast linker when they are there. Included only when this project is the top one, and never in the
# way of a choice that was made on the command line.

find_program(SOCKETIO_CCACHE ccache)
mark_as_advanced(SOCKETIO_CCACHE)
if(SOCKETIO_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are cached only if their definitions and the time macros are taken on trust.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros "${SOCKETIO_CCACHE}")
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "^(GNU|Clang)$" AND NOT "${CMAKE_EXE_LINKER_FLAGS}" MATCHES "-fuse-ld=")
  include(CheckCXXSourceCompiles)
  foreach(linker IN ITEMS mold lld)
    string(TOUPPER "SOCKETIO_LINKS_WITH_${linker}" links)
    set(CMAKE_REQUIRED_LINK_OPTIONS "-fuse-ld=${linker}")
    check_cxx_source_compiles("int main() {}" ${links})
    unset(CMAKE_REQUIRED_LINK_OPTIONS)
    if(${links})
      add_link_options("-fuse-ld=${linker}")
      break()
    endif()
  endforeach()
endif()
