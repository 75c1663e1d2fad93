# SPDX-License-Identifier: MIT
# Runs packaging/oss-fuzz/build.sh as OSS-Fuzz does, and then what it has made.
#
#   cmake -DCOMPILER=<clang++> -DBASH=<bash> -DSOURCE_DIR=<checkout> -DWORK_DIR=<folder> -P run.cmake

cmake_minimum_required(VERSION 3.22)

set(targets date session_log)

file(MAKE_DIRECTORY "${WORK_DIR}/src")
file(REMOVE_RECURSE "${WORK_DIR}/out")
file(CREATE_LINK "${SOURCE_DIR}" "${WORK_DIR}/src/socketio" SYMBOLIC)

file(WRITE "${WORK_DIR}/probe.cpp" "extern \"C\" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n")
execute_process(COMMAND "${COMPILER}" -fsanitize=fuzzer,address probe.cpp -o probe WORKING_DIRECTORY "${WORK_DIR}"
                RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
if(NOT result EQUAL 0)
  message("skipped: ${COMPILER} has no libFuzzer")
  return()
endif()

set(ENV{CXX} "${COMPILER}")
set(ENV{CXXFLAGS} "-O1 -fno-omit-frame-pointer -gline-tables-only -fsanitize=address -fsanitize=fuzzer-no-link -stdlib=libc++")
set(ENV{LIB_FUZZING_ENGINE} "-fsanitize=fuzzer")
set(ENV{SRC} "${WORK_DIR}/src")
set(ENV{OUT} "${WORK_DIR}/out")
set(ENV{WORK} "${WORK_DIR}/work")
execute_process(COMMAND "${BASH}" "${SOURCE_DIR}/packaging/oss-fuzz/build.sh" ${targets} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "build.sh has failed")
endif()

foreach(target IN LISTS targets)
  foreach(suffix IN ITEMS "" .dict .options _seed_corpus.zip)
    if(NOT EXISTS "${WORK_DIR}/out/fuzz_${target}${suffix}")
      message(FATAL_ERROR "build.sh has not made fuzz_${target}${suffix}")
    endif()
  endforeach()
  # As OSS-Fuzz runs it: the corpus unpacked, the dictionary beside the program.
  file(ARCHIVE_EXTRACT INPUT "${WORK_DIR}/out/fuzz_${target}_seed_corpus.zip" DESTINATION "${WORK_DIR}/corpus/${target}")
  execute_process(COMMAND "${WORK_DIR}/out/fuzz_${target}" -runs=2000 "-dict=${WORK_DIR}/out/fuzz_${target}.dict"
                          "${WORK_DIR}/corpus/${target}"
                  RESULT_VARIABLE result ERROR_VARIABLE log)
  if(NOT result EQUAL 0 OR NOT log MATCHES "DONE +cov: [1-9]")
    message(FATAL_ERROR "fuzz_${target} has failed:\n${log}")
  endif()
endforeach()
message("built and ran ${targets}")
