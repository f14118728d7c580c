// The WGSL sources of shaders/, put into the program by cmake/EmbedShaders.cmake.
#pragma once

#include <string_view>

namespace fletcher::webgpu::shaders {

extern const std::string_view attention;
extern const std::string_view embed;
extern const std::string_view l2_normalize;
extern const std::string_view linear;
extern const std::string_view norm;
extern const std::string_view pool;

}  // namespace fletcher::webgpu::shaders
