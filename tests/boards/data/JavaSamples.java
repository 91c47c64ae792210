// Makes java_samples.txt, with the generator of the Java platform itself: what the sampler must draw with JavaRandom on
// the board of sampler_test.cc.
//
//   java tests/boards/data/JavaSamples.java > tests/boards/data/java_samples.txt
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

public class JavaSamples {
  static final String[] FIRST = {
    "I", "you", "he", "she", "let's",
    "we", "you-pl", "they-m", "they-f", "that",
    "past", "negate", "have", "[qualities]", "[adverbs_of_place]",
    "[verbs]", "be", "can", "[food]", "[expressions]",
    "future", "want", "question", "[objects]", "dot"};
  static final String[] VERBS = {"have", "be", "can", "want", "[verbs]"};
  static final int SECOND = 14;

  // [verbs] are verbs, [qualities] and [adverbs_of_place] adjectives, words of the other categories nouns.
  static int sizeOf(String category) {
    switch (category) {
      case "[verbs]": return 177;
      case "[qualities]": return 64;
      case "[food]": return 317;
      case "[adverbs_of_place]": return 21;
      default: return 40;
    }
  }
  static boolean isVerb(String slot) { return List.of(VERBS).contains(slot); }
  static boolean isNoun(String slot) {
    return slot.startsWith("[") ? !isVerb(slot) && !slot.equals("[qualities]") && !slot.equals("[adverbs_of_place]")
                                : !isVerb(slot) && !List.of("past", "future", "negate", "question", "dot").contains(slot);
  }
  static String clitic(String slot) {
    switch (slot) {
      case "I": return "me";
      case "you": return "you";
      case "he": return "him";
      case "she": return "her";
      case "we": return "us";
      case "you-pl": return "you";
      case "they-m": case "they-f": return "them";
      default: return null;
    }
  }

  public static void main(String[] arguments) {
    Random random = new Random(20230608L);
    for (int n = 0; n < 200; n++) {
      int length;
      do {
        length = 0;
        double product = random.nextDouble();
        while (product > Math.exp(-3)) {
          length++;
          product *= random.nextDouble();
        }
      } while (length == 0);
      List<String> words = new ArrayList<>();
      boolean verb = false, noun = false;
      while (words.size() < length) {
        int index = random.nextInt(FIRST.length + SECOND);
        if (index >= FIRST.length && random.nextDouble() > 0.5) index = random.nextInt(FIRST.length);
        String slot = index < FIRST.length ? FIRST[index] : "[second" + (index - FIRST.length) + "]";
        if (!words.isEmpty() && !verb && random.nextDouble() > 0.5) slot = VERBS[random.nextInt(VERBS.length)];
        if (words.size() < 2 && (slot.equals("dot") || slot.equals("question"))) continue;
        if (slot.startsWith("[")) {
          words.add(slot.substring(1, slot.length() - 1) + random.nextInt(sizeOf(slot)));
        } else {
          words.add(noun && clitic(slot) != null ? clitic(slot) + ":" + slot : slot);
        }
        verb |= isVerb(slot);
        noun |= isNoun(slot);
      }
      System.out.println(String.join(" ", words));
    }
  }
}
