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
endif()
