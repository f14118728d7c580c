# Writes OUTPUT, a C++ file that defines a string_view for each WGSL file of FILES, named as the file.
# Usage: cmake -DFILES="a.wgsl;b.wgsl" -DOUTPUT=shaders.cc -P EmbedShaders.cmake
set(source "// Made by cmake/EmbedShaders.cmake.\n#include \"backend/webgpu/shaders.h\"\n\nnamespace fletcher::webgpu::shaders {\n")
foreach(file IN LISTS FILES)
  cmake_path(GET file STEM name)
  file(READ ${file} text)
  string(APPEND source "\nconst std::string_view ${name} = R\"wgsl(${text})wgsl\";\n")
endforeach()
string(APPEND source "\n}  // namespace fletcher::webgpu::shaders\n")
file(WRITE ${OUTPUT} "${source}")
