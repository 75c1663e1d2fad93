# SPDX-License-Identifier: MIT
# socketio_warnings: the warnings that our own programs are built with; nothing that is installed links it.

add_library(socketio_warnings INTERFACE)
if(MSVC)
  target_compile_options(socketio_warnings INTERFACE /W4 /permissive- /Zc:__cplusplus /bigobj /utf-8
                         $<$<BOOL:${SOCKETIO_WARNINGS_AS_ERRORS}>:/WX>)
else()
  target_compile_options(socketio_warnings INTERFACE
                         -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
                         $<$<BOOL:${SOCKETIO_WARNINGS_AS_ERRORS}>:-Werror>)
  # GCC 12 takes "text" + std::string in optimised code for an overlapping copy (its bug 105651, fixed in GCC 13).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(socketio_warnings INTERFACE -Wno-restrict)
  endif()
  # Asio has a memory fence, which ThreadSanitizer does not follow; GCC says so wherever Asio is included.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_DEBUG}" MATCHES "-fsanitize=thread")
    target_compile_options(socketio_warnings INTERFACE -Wno-tsan)
  endif()
endif()
