# Text files compiled into a library: the program then finds them wherever it is copied to.
#
# fletcher_embed_text(TARGET HEADER NAMESPACE kName file …)
# HEADER (as #included) declares in NAMESPACE `extern const std::string_view kName` for every file. The files become raw
# string literals of a source made at build time, so they must not contain ")fletcher_text" and a quote.

if(CMAKE_SCRIPT_MODE_FILE)
  # cmake -D HEADER=… -D NAMESPACE=… -D OUT=… -D "TEXTS=kName;file;…" -P EmbedText.cmake
  set(source "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\n")
  while(TEXTS)
    list(POP_FRONT TEXTS name file)
    file(READ "${file}" text)
    string(APPEND source "const std::string_view ${name} = R\"fletcher_text(${text})fletcher_text\";\n")
  endwhile()
  file(WRITE "${OUT}" "${source}\n}  // namespace ${NAMESPACE}\n")
  return()
endif()

function(fletcher_embed_text target header namespace)
  set(texts ${ARGN})
  set(files)
  set(absolute)
  while(texts)
    list(POP_FRONT texts name file)
    list(APPEND absolute ${name} ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    list(APPEND files ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endwhile()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}_text.cc)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D "HEADER=${header}" -D "NAMESPACE=${namespace}" -D "OUT=${out}" -D "TEXTS=${absolute}"
            -P ${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
