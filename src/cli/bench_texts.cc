#include "cli/bench_texts.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace fletcher::cli {
namespace {

constexpr std::array<std::string_view, 40> kSentences = {
    "The ferry leaves at noon.",
    "A grey heron stood in the shallow water and waited.",
    "Turn off the oven before you take the bread out.",
    "Nobody had repaired the clock on the town hall since the winter of the flood.",
    "Copper conducts heat better than iron does.",
    "She keeps her grandfather's letters in a tin under the bed.",
    "How do I reset the password of my mail account?",
    "The committee postponed its decision on the new bridge until the engineers had measured the river bed again.",
    "Two teams shared first place.",
    "Rain is expected in the valleys, with snow above twelve hundred metres.",
    "The recipe asks for three eggs, a cup of flour and a pinch of salt.",
    "Return the book to any branch of the library within four weeks.",
    "Our cat sleeps on the warm lid of the printer.",
    "The patient reported mild headaches that went away after the dose was halved.",
    "Interest rates rose by a quarter of a point.",
    "A compiler turns a program that people can read into instructions that a processor can run.",
    "Why do leaves change their colour in autumn?",
    "The museum lends its smaller paintings to schools for a month at a time.",
    "He missed the last train and walked home along the canal.",
    "The contract ends on the thirtieth of June unless one of the parties renews it in writing.",
    "Sort the list before you search it.",
    "Farmers on the plateau grow barley, potatoes and a bitter kind of bean.",
    "The telescope recorded a faint signal that came back every eleven hours.",
    "Please bring your own towel.",
    "The second edition corrects several errors in the tables and adds a chapter about tides.",
    "Bees tell each other with a dance how far away the flowers are and in which direction.",
    "Which vaccines are recommended for a trip to the coast?",
    "The strike closed both airports for a day and a half.",
    "An index makes reading faster and writing slower.",
    "The violin was built in a small workshop near the border more than two hundred years ago.",
    "Water boils at a lower temperature in the mountains.",
    "The jury could not agree on a verdict, and a new trial was set for the spring.",
    "Tap the screen twice to zoom in.",
    "Every autumn thousands of geese rest on the lake before they fly on to the south.",
    "The bakery on the corner has the best rye bread in the district.",
    "A short circuit in the pump had drained the battery overnight.",
    "Prices of used bicycles doubled within a year.",
    "The author describes the village as it was before the railway came, with its mill, its inn and its quarrels.",
    "Check the oil level every five thousand kilometres.",
    "After the storm the children found a starfish, two bottles and a shoe on the beach."};

// Sentences of a text, in turn: mostly one or two, now and then a paragraph.
constexpr std::array<size_t, 10> kLengths = {1, 1, 2, 1, 3, 1, 2, 6, 1, 12};

}  // namespace

std::vector<std::string> make_bench_texts(size_t count) {
  std::vector<std::string> texts;
  texts.reserve(count);
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    std::string text;
    for (size_t k = 0; k < kLengths[i % kLengths.size()]; ++k) {
      if (k > 0) text += ' ';
      // 7 and 40 have no common factor: neighbours change from round to round.
      text += kSentences[next * 7 % kSentences.size()];
      ++next;
    }
    if (i % kSentences.size() == kSentences.size() - 1) ++next;
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace fletcher::cli
