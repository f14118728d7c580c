# wgpu-native for the webgpu backend: its headers at build time, its library only when a device is opened. `scripts/setup
# webgpu` puts both into build/deps/wgpu-native; the library has no SONAME and is not linked but dlopened by name, so the
# program finds it by its run path: of the build tree here, lib/fletcher once installed.
find_path(FLETCHER_WGPU_INCLUDE_DIR webgpu/wgpu.h
  HINTS ${PROJECT_SOURCE_DIR}/build/deps/wgpu-native/include DOC "Folder with webgpu/webgpu.h and webgpu/wgpu.h, version 29")
find_library(FLETCHER_WGPU_LIBRARY wgpu_native
  HINTS ${PROJECT_SOURCE_DIR}/build/deps/wgpu-native/lib DOC "wgpu-native's shared library, version 29")
set(fletcher_webgpu_default OFF)
if(FLETCHER_WGPU_INCLUDE_DIR AND FLETCHER_WGPU_LIBRARY)
  set(fletcher_webgpu_default ON)
endif()
option(FLETCHER_WEBGPU "Build the webgpu backend" ${fletcher_webgpu_default})
if(NOT FLETCHER_WEBGPU)
  return()
endif()
if(NOT fletcher_webgpu_default)
  message(FATAL_ERROR "FLETCHER_WEBGPU needs wgpu-native's headers and library: run scripts/setup webgpu, "
    "or set FLETCHER_WGPU_INCLUDE_DIR and FLETCHER_WGPU_LIBRARY")
endif()

add_library(fletcher_wgpu_headers INTERFACE)
target_include_directories(fletcher_wgpu_headers SYSTEM INTERFACE $<BUILD_INTERFACE:${FLETCHER_WGPU_INCLUDE_DIR}>)

include(GNUInstallDirs)
cmake_path(GET FLETCHER_WGPU_LIBRARY PARENT_PATH fletcher_wgpu_folder)
# Defaults of the executables made from here on; CMake takes the first out of the program when it installs it.
set(CMAKE_BUILD_RPATH "${fletcher_wgpu_folder}")
set(CMAKE_INSTALL_RPATH "\$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/fletcher")
install(FILES ${FLETCHER_WGPU_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR}/fletcher)

# fletcher_embed_shaders(TARGET NAME …): shaders/NAME.wgsl of the backend as string_views of shaders.h.
function(fletcher_embed_shaders target)
  set(folder ${PROJECT_SOURCE_DIR}/src/backend/webgpu/shaders)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/webgpu_shaders.cc)
  list(TRANSFORM ARGN PREPEND "${folder}/" OUTPUT_VARIABLE files)
  list(TRANSFORM files APPEND ".wgsl")
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DOUTPUT=${output} -P ${PROJECT_SOURCE_DIR}/cmake/EmbedShaders.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/EmbedShaders.cmake
    COMMENT "Embedding WGSL shaders" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
