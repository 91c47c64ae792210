// English words: how they are inflected, and what kind of thing they name. Tables for what is irregular, spelling rules
// for the rest, so that a word never seen before is guessed. Words are UTF-8; letters beyond ASCII are left as they
// are.
#pragma once

#include <string>
#include <string_view>

namespace aacft::english {

// Nouns. A phrase is inflected at its head: "cup of tea" -> "cups of tea", "tin opener" -> "tin openers".
std::string plural_of(std::string_view noun);
bool is_plural(std::string_view noun);   // "gloves", "teeth", "scissors"; not "bus", "news"
bool is_mass(std::string_view noun);     // not counted: "water", "music", "homework"
bool is_portion(std::string_view noun);  // mass and taken by the bit: "some water", but never "some music"
bool is_name(
    std::string_view noun);  // no article: "Monday", "mum", "Africa"; "DVD player" and "Art lesson" are not names
std::string indefinite_article(
    std::string_view next_word);  // "a" or "an", by sound: an hour, a university, an MRI scan

enum class NounClass {
  kThing,
  kPerson,
  kAnimal,
  kPlace,
  kVehicle,
  kDay,
  kMonth,
  kSeason,
  kDayPart,
  kPeriod,
  kInstrument
};
NounClass class_of(std::string_view noun);  // by its head; kThing where nothing is known
bool is_noun(std::string_view word);        // the tables know its head as a noun

// Verbs. "brush teeth" -> "brushed teeth", "go and play" -> "went and played".
std::string third_person(std::string_view verb);  // "goes"
std::string past(std::string_view verb);          // "went"; be is not here: see realiser
std::string participle(std::string_view verb);    // "gone"
std::string gerund(std::string_view verb);        // "going"

// The plain form: "to run" -> "run", "clouding over" -> "cloud over", "is" -> "be"; others are returned as they are.
std::string plain_form(std::string_view verb);

// "slow" -> "slowly", "good" -> "well".
std::string adverb_of(std::string_view adjective);

}  // namespace aacft::english
