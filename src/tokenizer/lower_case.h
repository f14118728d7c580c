// Lower case of a whole text, for models whose folder asks for it before tokenising.
#pragma once

#include <string>
#include <string_view>

namespace fletcher {

/// Python's str.lower(): full lower case, with a capital sigma at the end of a word as ς. Ill-formed UTF-8 becomes
/// U+FFFD. A word is what the regex class \w says: Python's own rule (Unicode 3.13, Final_Sigma) differs in rare marks
/// only.
std::string lower_case(std::string_view text);

}  // namespace fletcher
