# One static library per folder of src/, one test program per library; everything is target-scoped.

set(FLETCHER_SANITIZE "" CACHE STRING "Value for -fsanitize= (address,undefined or thread); empty for none")
option(FLETCHER_WERROR "Treat warnings as errors" OFF)
option(FLETCHER_NO_EXCEPTIONS "Build the exception-free folders with -fno-exceptions" OFF)

add_library(fletcher_options INTERFACE)
target_compile_features(fletcher_options INTERFACE cxx_std_20)
target_include_directories(fletcher_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<INSTALL_INTERFACE:include>)
# -ffp-contract=off: a multiply and an add are fused only where a kernel says so, or bits would depend on inlining.
target_compile_options(fletcher_options INTERFACE
  $<BUILD_INTERFACE:-Wall;-Wextra;-Wshadow;-Wnon-virtual-dtor;-Wno-missing-field-initializers;-ffp-contract=off>
  # GCC 12 reports std::string concatenation, wrongly (GCC bug 105329).
  $<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>>
  $<BUILD_INTERFACE:$<$<BOOL:${FLETCHER_WERROR}>:-Werror>>)
if(FLETCHER_SANITIZE)
  target_compile_options(fletcher_options INTERFACE
    $<BUILD_INTERFACE:-fsanitize=${FLETCHER_SANITIZE};-fno-omit-frame-pointer;-fno-sanitize-recover=all>)
  # GCC 12 warns of std::variant's storage when sanitizers change its inlining (GCC's manual: -Wmaybe-uninitialized).
  target_compile_options(fletcher_options INTERFACE
    $<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>>)
  target_link_options(fletcher_options INTERFACE $<BUILD_INTERFACE:-fsanitize=${FLETCHER_SANITIZE}>)
endif()

if(FLETCHER_BUILD_FUZZERS)
  target_compile_options(fletcher_options INTERFACE $<BUILD_INTERFACE:-fsanitize=fuzzer-no-link>)
endif()

# fletcher_add_library(NAME SOURCES a.cc … [DEPS lib …] [PRIVATE_DEPS lib …] [NO_EXCEPTIONS])
# NAME is the folder below src/; the target is fletcher_NAME.
function(fletcher_add_library name)
  cmake_parse_arguments(ARG "NO_EXCEPTIONS" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  set(target fletcher_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(fletcher::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(${target} PUBLIC fletcher_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(ARG_NO_EXCEPTIONS AND FLETCHER_NO_EXCEPTIONS)
    target_compile_options(${target} PRIVATE -fno-exceptions)
  endif()
endfunction()

# fletcher_add_test(NAME SOURCES a_test.cc … [DEPS lib …] [LABELS unit])
function(fletcher_add_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT FLETCHER_BUILD_TESTS)
    return()
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE fletcher_options ${ARG_DEPS} GTest::gmock_main)
  target_compile_definitions(${name} PRIVATE FLETCHER_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
