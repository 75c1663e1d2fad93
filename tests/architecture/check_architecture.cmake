# SPDX-License-Identifier: MIT
# Checks that a page about the code names what there is.
#
#   cmake -DPAGE=<file.md> -DINCLUDE_DIR=<dir that holds socketio/> -P check_architecture.cmake
#
# Fails with one line for each of these that does not exist below socketio/:
#   - a file, named by its path: core/impl/rooms.ipp
#   - a function of a class, anywhere on the page: Rooms::broadcast, Session::WebSocketEar::on_message,
#     TypedEventHandler::operator(); or one of the namespace detail: detail::take_apart
#   - a class whose name has several humps, anywhere on the page: SocketState; or any class in backticks: `Session`

cmake_minimum_required(VERSION 3.22)

get_filename_component(INCLUDE_DIR "${INCLUDE_DIR}" ABSOLUTE)
file(READ "${PAGE}" page)
set(problems "")

# The code, in numbered variables: its semicolons and brackets would break a list.
file(GLOB_RECURSE files "${INCLUDE_DIR}/socketio/*.hpp" "${INCLUDE_DIR}/socketio/*.ipp")
list(LENGTH files count)
if(count EQUAL 0)
  message(FATAL_ERROR "no headers below ${INCLUDE_DIR}/socketio")
endif()
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  list(GET files ${i} file)
  file(READ "${file}" code_${i})
endforeach()

# names_of(<variable> <regex>): what the page says that matches, each once.
function(names_of variable regex)
  string(REGEX MATCHALL "${regex}" found "${page}")
  list(REMOVE_DUPLICATES found)
  list(SORT found)
  set(${variable} "${found}" PARENT_SCOPE)
endfunction()

# has_class(<variable> <name>)
function(has_class variable name)
  set(${variable} FALSE PARENT_SCOPE)
  foreach(i RANGE ${last})
    if(code_${i} MATCHES "(class|struct|concept|using) ${name}[ ;:\n<]")
      set(${variable} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# has_member(<variable> <class> <function>): a body outside of the class, or a declaration after the head of the class and
# before its end.
function(has_member variable class name)
  set(${variable} FALSE PARENT_SCOPE)
  foreach(i RANGE ${last})
    string(FIND "${code_${i}}" "${class}::${name}(" at)
    if(NOT at EQUAL -1)
      set(${variable} TRUE PARENT_SCOPE)
      return()
    endif()
    string(FIND "${code_${i}}" "${name}(" at)
    if(at EQUAL -1 OR NOT code_${i} MATCHES "(class|struct) ${class}(<[^{;]*>)?( final)?( :[^{;]*)? {\n")
      continue()
    endif()
    string(FIND "${code_${i}}" "${CMAKE_MATCH_0}" begin)
    string(SUBSTRING "${code_${i}}" ${begin} -1 body)
    string(FIND "${body}" "\n};" end)
    string(SUBSTRING "${body}" 0 ${end} body)
    string(FIND "${body}" " ${name}(" at)
    if(NOT at EQUAL -1)
      set(${variable} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# has_function(<variable> <name>)
function(has_function variable name)
  set(${variable} FALSE PARENT_SCOPE)
  foreach(i RANGE ${last})
    if(code_${i} MATCHES "\n[A-Za-z_][A-Za-z_:<>&*() ]* ${name}\\(")
      set(${variable} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

names_of(paths "[a-z0-9_/]+[.](hpp|ipp)")
foreach(path IN LISTS paths)
  if(NOT EXISTS "${INCLUDE_DIR}/socketio/${path}")
    list(APPEND problems "${path}: no such file")
  endif()
endforeach()

names_of(members "[A-Z][A-Za-z0-9]*::([a-z_]+[a-z]|operator\\(\\))")
foreach(member IN LISTS members)
  string(REGEX MATCH "^(.*)::(.*)$" match "${member}")
  set(name "${CMAKE_MATCH_2}")
  has_member(found "${CMAKE_MATCH_1}" "${name}")
  if(NOT found)
    list(APPEND problems "${member}: no such function")
  endif()
endforeach()

names_of(functions "detail::[a-z_]+[a-z]")
foreach(function IN LISTS functions)
  string(REPLACE "detail::" "" name "${function}")
  has_function(found "${name}")
  if(NOT found)
    list(APPEND problems "${function}: no such function")
  endif()
endforeach()

names_of(classes "[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*")
names_of(quoted "`[A-Z][A-Za-z0-9]*`")
foreach(name IN LISTS classes quoted)
  string(REPLACE "`" "" name "${name}")
  has_class(found "${name}")
  if(NOT found)
    list(APPEND problems "${name}: no such class")
  endif()
endforeach()

list(LENGTH paths path_count)
list(LENGTH members member_count)
if(path_count EQUAL 0 OR member_count EQUAL 0)
  list(APPEND problems "the page names no file, or no function")
endif()
if(problems)
  list(REMOVE_DUPLICATES problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "${PAGE} names what the code does not have:\n  ${text}")
endif()
message(STATUS "${path_count} files and ${member_count} functions of classes exist")
