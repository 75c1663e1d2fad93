# SPDX-License-Identifier: MIT
# Installs the headers, socketio::compiled, and a CMake package that finds its own dependencies.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Headers alone serve every architecture.
if(SOCKETIO_BUILD_COMPILED)
  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/socketio")
  set(architecture "")
else()
  set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/socketio")
  set(architecture ARCH_INDEPENDENT)
endif()

set(left_out "")
if(NOT SOCKETIO_WITH_WEBSOCKETPP)
  list(APPEND left_out PATTERN "websocketpp*" EXCLUDE)
endif()
if(NOT SOCKETIO_WITH_TLS)
  list(APPEND left_out PATTERN "tls*" EXCLUDE)
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/socketio" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.ipp" PATTERN "*.inc" ${left_out})
install(TARGETS socketio EXPORT socketioTargets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(SOCKETIO_BUILD_COMPILED)
  install(TARGETS socketio_compiled EXPORT socketioTargets INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endif()
install(EXPORT socketioTargets NAMESPACE socketio:: DESTINATION "${package_dir}")

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/socketioConfig.cmake.in"
                              "${PROJECT_BINARY_DIR}/package/socketioConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
# Before 1.0 every minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/socketioConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion ${architecture})
install(FILES "${PROJECT_BINARY_DIR}/package/socketioConfig.cmake"
              "${PROJECT_BINARY_DIR}/package/socketioConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindAsio.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindRapidJSON.cmake"
        DESTINATION "${package_dir}")
# The recipe, not the corrected headers: whether they are needed depends on the compiler of who uses the package.
if(SOCKETIO_WITH_WEBSOCKETPP)
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/SocketioWebsocketpp.cmake" DESTINATION "${package_dir}")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
