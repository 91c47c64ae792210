#include "aacft/english/english.h"

#include <gtest/gtest.h>

namespace aacft::english {
namespace {

struct Verb {
  const char *plain, *third, *past, *participle, *gerund;
};

TEST(English, Verbs) {
  for (const Verb& verb : {Verb{"go", "goes", "went", "gone", "going"},
                           {"have", "has", "had", "had", "having"},
                           {"eat", "eats", "ate", "eaten", "eating"},
                           {"stop", "stops", "stopped", "stopped", "stopping"},
                           {"open", "opens", "opened", "opened", "opening"},
                           {"cry", "cries", "cried", "cried", "crying"},
                           {"play", "plays", "played", "played", "playing"},
                           {"bake", "bakes", "baked", "baked", "baking"},
                           {"agree", "agrees", "agreed", "agreed", "agreeing"},
                           {"lie", "lies", "lay", "lain", "lying"},
                           {"tie", "ties", "tied", "tied", "tying"},
                           {"watch", "watches", "watched", "watched", "watching"},
                           {"kiss", "kisses", "kissed", "kissed", "kissing"},
                           {"fix", "fixes", "fixed", "fixed", "fixing"},
                           {"travel", "travels", "travelled", "travelled", "travelling"},
                           {"visit", "visits", "visited", "visited", "visiting"},
                           {"prefer", "prefers", "preferred", "preferred", "preferring"},
                           {"run", "runs", "ran", "run", "running"},
                           {"snow", "snows", "snowed", "snowed", "snowing"},
                           {"dye", "dyes", "dyed", "dyed", "dyeing"},
                           {"picnic", "picnics", "picnicked", "picnicked", "picnicking"},
                           {"quiz", "quizzes", "quizzed", "quizzed", "quizzing"},
                           {"brush teeth", "brushes teeth", "brushed teeth", "brushed teeth", "brushing teeth"},
                           {"go and play", "goes and plays", "went and played", "gone and played", "going and playing"},
                           {"rain", "rains", "rained", "rained", "raining"}}) {
    EXPECT_EQ(third_person(verb.plain), verb.third);
    EXPECT_EQ(past(verb.plain), verb.past);
    EXPECT_EQ(participle(verb.plain), verb.participle);
    EXPECT_EQ(gerund(verb.plain), verb.gerund);
  }
}

TEST(English, PlainForms) {
  EXPECT_EQ(plain_form("to run"), "run");
  EXPECT_EQ(plain_form("is"), "be");
  EXPECT_EQ(plain_form("clouding over"), "cloud over");
  EXPECT_EQ(plain_form("sing"), "sing");
  EXPECT_EQ(plain_form("running"), "run");
  EXPECT_EQ(plain_form("go home"), "go home");
}

TEST(English, Plurals) {
  for (const auto& [one, many] : {std::pair{"dog", "dogs"},
                                  {"bus", "buses"},
                                  {"box", "boxes"},
                                  {"church", "churches"},
                                  {"stomach", "stomachs"},
                                  {"city", "cities"},
                                  {"day", "days"},
                                  {"child", "children"},
                                  {"policeman", "policemen"},
                                  {"human", "humans"},
                                  {"tooth", "teeth"},
                                  {"knife", "knives"},
                                  {"potato", "potatoes"},
                                  {"piano", "pianos"},
                                  {"sheep", "sheep"},
                                  {"cup of tea", "cups of tea"},
                                  {"tin opener", "tin openers"},
                                  {"scissors", "scissors"},
                                  {"DVD", "DVDs"},
                                  {"mouse", "mice"},
                                  {"person", "people"},
                                  {"swordfish", "swordfish"},
                                  {"Music teacher", "Music teachers"},
                                  {"grown-up", "grown-ups"},
                                  {"passer-by", "passers-by"}})
    EXPECT_EQ(plural_of(one), many);
}

TEST(English, KnowsPlurals) {
  for (const char* many : {"gloves", "teeth", "scissors", "feet", "people", "glasses", "boxes", "garbage bags",
                           "Lego blocks", "cups of tea"})
    EXPECT_TRUE(is_plural(many)) << many;
  for (const char* one : {"bus", "news", "dog", "glass", "Christmas", "mathematics", "cactus", "women's shop", "dress",
                          "tennis", "water"})
    EXPECT_FALSE(is_plural(one)) << one;
}

TEST(English, MassAndNames) {
  for (const char* mass : {"water", "music", "homework", "football", "happiness", "biology", "hand soap", "breakfast"})
    EXPECT_TRUE(is_mass(mass)) << mass;
  for (const char* count : {"dog", "newspaper", "glass of water", "chocolate egg", "book"})
    EXPECT_FALSE(is_mass(count)) << count;
  EXPECT_TRUE(is_portion("water"));
  EXPECT_FALSE(is_portion("music"));
  for (const char* name : {"Monday", "mum", "Africa", "New Year's Day", "London"}) EXPECT_TRUE(is_name(name)) << name;
  for (const char* common : {"dog", "DVD player", "T-shirt", "Art lesson", "Three Wise Men"})
    EXPECT_FALSE(is_name(common)) << common;
}

TEST(English, Articles) {
  for (const char* word :
       {"apple", "hour", "honest man", "MRI", "X-ray", "umbrella", "uncle", "8", "heir", "uninteresting book"})
    EXPECT_EQ(indefinite_article(word), "an") << word;
  for (const char* word :
       {"dog", "university", "uniform", "European", "one", "DVD", "T-shirt", "useful tool", "house", "user", "ukulele"})
    EXPECT_EQ(indefinite_article(word), "a") << word;
}

TEST(English, Adverbs) {
  EXPECT_EQ(adverb_of("slow"), "slowly");
  EXPECT_EQ(adverb_of("good"), "well");
  EXPECT_EQ(adverb_of("purple"), "");
}

TEST(English, Classes) {
  EXPECT_EQ(class_of("nurse"), NounClass::kPerson);
  EXPECT_EQ(class_of("teachers"), NounClass::kPerson);
  EXPECT_EQ(class_of("guinea pig"), NounClass::kAnimal);
  EXPECT_EQ(class_of("park"), NounClass::kPlace);
  EXPECT_EQ(class_of("March"), NounClass::kMonth);
  EXPECT_EQ(class_of("march"), NounClass::kThing);
  EXPECT_EQ(class_of("table"), NounClass::kThing);
}

}  // namespace
}  // namespace aacft::english
