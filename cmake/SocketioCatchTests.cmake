# SPDX-License-Identifier: MIT
# socketio_add_catch_tests(<name> [LABELS <label>...] SOURCES <source>...): a program of Catch2 tests, as one test of
# CTest: the program starts once, and its output names the case that failed.

find_package(Catch2 REQUIRED)

# Where Catch2 2.x is installed its implementation is compiled here, once; 3.x brings it as a library.
if(Catch2_VERSION VERSION_LESS 3)
  add_library(catch_main OBJECT "${PROJECT_SOURCE_DIR}/tests/support/catch_main.cpp")
  target_link_libraries(catch_main PUBLIC Catch2::Catch2)
  target_compile_features(catch_main PUBLIC cxx_std_20)
  set(SOCKETIO_CATCH_LIBRARIES Catch2::Catch2 $<TARGET_OBJECTS:catch_main>)
else()
  set(SOCKETIO_CATCH_LIBRARIES Catch2::Catch2WithMain)
endif()

function(socketio_add_catch_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LABELS;SOURCES")
  socketio_add_program(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${SOCKETIO_CATCH_LIBRARIES})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS "${arg_LABELS}")
endfunction()

# socketio_compile_together(<program> <source>...): has the compiler take several of these files at a time. Most of what a
# file of tests costs is the headers, and to instantiate the same of them as its neighbours do: together they take half as
# long. Up to 30 KB of them, so that whoever changes one file waits half a minute for all of its batch, and a compiler needs
# little more memory than for the largest of them. Names in their anonymous namespaces must differ.
function(socketio_compile_together name)
  set(batch 0)
  set(batch_size 0)
  foreach(source IN LISTS ARGN)
    get_filename_component(source "${source}" ABSOLUTE)
    file(SIZE "${source}" size)
    math(EXPR batch_size "${batch_size} + ${size}")
    if(batch_size GREATER 30000)
      math(EXPR batch "${batch} + 1")
      set(batch_size ${size})
    endif()
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "batch${batch}")
  endforeach()
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # GCC takes the files for headers then, where an anonymous namespace is a mistake.
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# The transports on TCP that tests can choose from, and the same with TLS for those that link the certificates.
set(SOCKETIO_TCP_TRANSPORTS asio)
if(TARGET socketio::websocketpp)
  list(APPEND SOCKETIO_TCP_TRANSPORTS websocketpp)
endif()
set(SOCKETIO_TLS_TRANSPORTS "")
if(SOCKETIO_WITH_TLS)
  list(TRANSFORM SOCKETIO_TCP_TRANSPORTS APPEND _tls OUTPUT_VARIABLE SOCKETIO_TLS_TRANSPORTS)
  find_program(SOCKETIO_OPENSSL_COMMAND openssl DOC "The openssl command, for the certificates of the tests" REQUIRED)
  set(SOCKETIO_TEST_CERTIFICATES "${PROJECT_BINARY_DIR}/tests/certificates")
  set(recipe "${PROJECT_SOURCE_DIR}/tests/support/make_certificates.cmake")
  add_custom_command(OUTPUT "${SOCKETIO_TEST_CERTIFICATES}/authority.pem"
                     COMMAND "${CMAKE_COMMAND}" "-DOPENSSL=${SOCKETIO_OPENSSL_COMMAND}"
                             "-DDIR=${SOCKETIO_TEST_CERTIFICATES}" -P "${recipe}"
                     DEPENDS "${recipe}" COMMENT "Making the certificates of the tests" VERBATIM)
  add_custom_target(test_certificates DEPENDS "${SOCKETIO_TEST_CERTIFICATES}/authority.pem")
endif()

# socketio_use_test_certificates(<target>): it finds them at SOCKETIO_TEST_CERTIFICATES, which is not defined in builds
# without TLS.
function(socketio_use_test_certificates target)
  if(SOCKETIO_WITH_TLS)
    target_compile_definitions(${target} PRIVATE "SOCKETIO_TEST_CERTIFICATES=\"${SOCKETIO_TEST_CERTIFICATES}\"")
    add_dependencies(${target} test_certificates)
  endif()
endfunction()

# tests/support/test_transport.hpp, for the programs over it: most of what it takes to compile is every transport.
add_library(test_transport OBJECT "${PROJECT_SOURCE_DIR}/tests/support/test_transport.cpp")
target_link_libraries(test_transport PRIVATE socketio::compiled socketio_warnings)
target_include_directories(test_transport PRIVATE "${PROJECT_SOURCE_DIR}")
socketio_link_transports(test_transport)
socketio_use_test_certificates(test_transport)

# socketio_add_transport_tests(<name> TRANSPORTS <transport>... [LABELS <label>...] SOURCES <source>...): one program over
# tests/support/test_transport.hpp, and for each transport a test <name>_<transport>. What is tagged [memory] chooses
# its transport itself and runs once; what is tagged [tls] runs over those with TLS only.
function(socketio_add_transport_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "TRANSPORTS;LABELS;SOURCES")
  socketio_add_program(${name} ${arg_SOURCES} $<TARGET_OBJECTS:test_transport>)
  target_link_libraries(${name} PRIVATE ${SOCKETIO_CATCH_LIBRARIES})
  socketio_link_transports(${name})
  foreach(transport IN LISTS arg_TRANSPORTS)
    set(selection "")
    if(NOT transport STREQUAL "memory")
      string(APPEND selection "~[memory]")
    endif()
    if(NOT transport MATCHES "_tls$")
      string(APPEND selection "~[tls]")
    endif()
    add_test(NAME ${name}_${transport} COMMAND ${name} ${selection})
    set_tests_properties(${name}_${transport} PROPERTIES TIMEOUT 300 LABELS "${arg_LABELS}"
                                                         ENVIRONMENT "SOCKETIO_TEST_TRANSPORT=${transport}")
  endforeach()
endfunction()
