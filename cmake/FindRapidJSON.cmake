# SPDX-License-Identifier: MIT
# Finds the headers of RapidJSON. Defines RapidJSON::RapidJSON, RapidJSON_FOUND, RapidJSON_VERSION and the cache entry
# RapidJSON_INCLUDE_DIR, which may be set by hand.

find_path(RapidJSON_INCLUDE_DIR NAMES rapidjson/rapidjson.h)
mark_as_advanced(RapidJSON_INCLUDE_DIR)

if(RapidJSON_INCLUDE_DIR)
  set(_rapidjson_parts "")
  foreach(_rapidjson_part IN ITEMS MAJOR MINOR PATCH)
    file(STRINGS "${RapidJSON_INCLUDE_DIR}/rapidjson/rapidjson.h" _rapidjson_line
         REGEX "^#define RAPIDJSON_${_rapidjson_part}_VERSION [0-9]+")
    if(_rapidjson_line MATCHES "_VERSION ([0-9]+)")
      list(APPEND _rapidjson_parts "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  list(JOIN _rapidjson_parts "." RapidJSON_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RapidJSON REQUIRED_VARS RapidJSON_INCLUDE_DIR VERSION_VAR RapidJSON_VERSION)

if(RapidJSON_FOUND AND NOT TARGET RapidJSON::RapidJSON)
  add_library(RapidJSON::RapidJSON INTERFACE IMPORTED)
  set_target_properties(RapidJSON::RapidJSON PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${RapidJSON_INCLUDE_DIR}")
endif()
