// The version of this build.
#pragma once

#define FLETCHER_VERSION "0.1.0"
