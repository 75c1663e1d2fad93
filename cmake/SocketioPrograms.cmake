# SPDX-License-Identifier: MIT
# socketio_add_program: an executable of this project's own, with its warnings.

# socketio_add_program(<name> <source>...)
function(socketio_add_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE socketio::socketio socketio_warnings)
endfunction()
