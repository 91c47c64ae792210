#include "aacft/english/noun_tables.h"

#include <mutex>
#include <unordered_set>

namespace aacft::english {
namespace {

std::unordered_set<std::string_view> words_of(std::string_view list) {
  std::unordered_set<std::string_view> words;
  for (std::size_t start = 0; start < list.size();) {
    std::size_t end = list.find('|', start);
    if (end == std::string_view::npos) end = list.size();
    if (end > start) words.insert(list.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

}  // namespace

// Lists are few and never freed; each is split once, when first asked for.
bool listed(const WordList& list, std::string_view word) {
  static auto* const sets = new std::unordered_map<const char*, std::unordered_set<std::string_view>>;
  thread_local std::unordered_map<const char*, const std::unordered_set<std::string_view>*> known;
  auto found = known.find(list.data());
  if (found == known.end()) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    auto [entry, fresh] = sets->try_emplace(list.data());
    if (fresh) entry->second = words_of(list);
    found = known.emplace(list.data(), &entry->second).first;
  }
  return found->second->contains(word);
}

const WordList kPluralOnly =
    "|scissors|trousers|jeans|shorts|tights|pants|panties|knickers|underpants|pyjamas|pajamas|leggings|dungarees|"
    "overalls|glasses|sunglasses|"
    "goggles|binoculars|pliers|tweezers|clothes|people|police|cattle|goods|thanks|congratulations|stairs|surroundings|"
    "outskirts|headphones|"
    "earphones|dominoes|dice|pruning scissors|swimming trunks|trunks|maracas|spaghetti "
    "hoops|cannelloni|leftovers|sweets|crisps|chips|beans|"
    "peas|lentils|noodles|oats|cereals|dentures|braces|tongs|shears|scales|olympics|graphics|bones|drinks|games|news "
    "headlines|cards|vitamins|";

const WordList kSingularS =
    "|bus|gas|lens|glass|class|dress|cross|grass|boss|kiss|mess|moss|mass|loss|guess|princess|actress|waitress|hostess|"
    "mattress|address|"
    "compass|pass|bass|brass|canvas|atlas|christmas|pancreas|iris|tennis|basis|cactus|octopus|circus|virus|crocus|"
    "walrus|hippopotamus|"
    "rhinoceros|menopause|news|series|species|means|headquarters|crossroads|cosmos|chaos|asparagus|citrus|campus|bonus|"
    "minus|plus|mars|"
    "venus|texas|paris|athens|wales|cyprus|james|thomas|lucas|carlos|alias|bias|yes|ludo|this|always|measles|mumps|"
    "rabies|diabetes|darts|"
    "billiards|rhombus|abacus|abacuses|platypus|hibiscus|isis|us|gps|bliss|stress|business|fitness|illness|wilderness|"
    "harness|witness|"
    "swiss|physics|mathematics|maths|gymnastics|athletics|politics|economics|electronics|ceramics|plastics|genetics|"
    "ethics|"
    "cd's|dvd's|blues|congress|progress|success|process|access|excess|recess|abs|";

const WordList kNotMen =
    "|human|german|roman|shaman|ottoman|talisman|specimen|abdomen|regimen|omen|semen|cyclamen|stamen|women|woman|men|"
    "man|amen|";

// Food, drink, stuff.
const WordList kPortions =
    "|water|milk|juice|tea|coffee|cocoa|lemonade|beer|wine|cider|rum|cola|coke|soup|broth|bread|toast|butter|margarine|"
    "cheese|jam|honey|"
    "marmalade|rice|pasta|spaghetti|macaroni|ravioli|cannelloni|flour|sugar|salt|pepper|oil|vinegar|sauce|ketchup|"
    "mayonnaise|mustard|gravy|meat|beef|pork|bacon|"
    "ham|chicken meat|lamb "
    "meat|mutton|veal|lard|tuna|salmon|cod|seafood|fruit|veg|lettuce|spinach|garlic|celery|parsley|cabbage|broccoli|"
    "sweetcorn|corn|"
    "yoghurt|yogurt|cream|ice cream|ice-cream|custard|jelly|chocolate|popcorn|candy|chewing "
    "gum|gum|cereal|porridge|muesli|oatmeal|food|"
    "paper|toilet paper|kitchen roll|glue|paste|paint|ink|chalk|clay|plasticine|play "
    "dough|playdough|dough|sand|mud|soil|dirt|dust|gravel|cement|"
    "soap|hand soap|shampoo|toothpaste|shower gel|gel|lotion|sun cream|suncream|ointment|make-up|makeup|lipstick "
    "powder|powder|perfume|cologne|deodorant|"
    "medicine|syrup|oxygen|air|ice|snow|petrol|fuel|gas|coal|wood|firewood|cotton|wool|cloth|fabric|string|rope|thread|"
    "tape|sellotape|wire|"
    "plastic|metal|gold|iron|steel|copper|tin|leather|rubber|cardboard|money|cash|change|rubbish|garbage|trash|grass|"
    "hay|straw|blood|"
    "pee|poo|urine|turron|nougat|smoothie mix|squash|ginger|cinnamon|vanilla|jewellery|jewelry|salad|russian "
    "salad|cake mix|white bread|french bread|cold meat|"
    "crockery|cutlery|bedding|washing|washing up|luggage|baggage|equipment|game "
    "equipment|furniture|clothing|underwear|post|mail|"
    "help|information|advice|news|time|space|room to "
    "spare|work|homework|housework|shopping|rest|peace|quiet|privacy|fun|luck|fresh air|";

// Abstract, or everywhere.
const WordList kMass =
    "|music|noise|electricity|internet|wi-fi|wifi|love|hate|anger|fear|sadness|happiness|happyness|joy|pain|pride|hope|"
    "trust|courage|patience|friendship|"
    "health|hygiene|safety|freedom|justice|truth|beauty|nature|weather|sunlight|sunshine|light|darkness|heat|rain|wind|"
    "fog|mist|hail|thunder|lightning|"
    "smoke|steam|fire|energy|power|strength|sleep|sight|hearing|touch|taste|smell|traffic|transport|public "
    "transport|education|artistic education|physical education|plastic and visual education|"
    "general "
    "studies|knowledge|research|technology|science|history|geography|maths|mathematics|english|french|spanish|religion|"
    "philosophy|literature|poetry|grammar|"
    "reading|writing|spelling|drawing|painting|swimming|dancing|singing|cooking|running|walking|cycling|skiing|sailing|"
    "fishing|camping|climbing|hiking|"
    "riding|horse "
    "riding|skating|bowling|gardening|sewing|knitting|photography|art|drama|dance|sport|exercise|gymnastics|athletics|"
    "yoga|physiotherapy|"
    "speech therapy|therapy|treatment|dentistry|nonsense|fun|luck|bad luck|good "
    "luck|respect|attention|progress|success|optimism|integration|"
    "incomprehension|communication|sign language|trade|commerce|menstruation|marriage|vocabulary|temperature|first "
    "aid|care|housing|accommodation|culture|"
    "politics|society|religion|god|life|death|silence|laughter|company|staff|personal hygiene|make-believe|blood "
    "sugar|hot flush|pollution|recycling|"
    "experience|behaviour|evidence|permission|support|traffic|crystal|signaletics|opposition|expulsion|bullying|"
    "violence|war|racism|";

const WordList kMeals = "|breakfast|lunch|dinner|tea time|supper|brunch|";

const WordList kGames =
    "|football|basketball|volleyball|handball|tennis|table tennis|ping "
    "pong|badminton|golf|rugby|hockey|cricket|baseball|softball|netball|bowls|"
    "chess|draughts|ludo|snakes and ladders|hide and seek|dominoes|bingo|cards|marbles|noughts and "
    "crosses|hopscotch|tag|boccia|darts|snooker|"
    "billiards|steal the bacon|bowling|slalom|judo|karate|";

const WordList kCountPhrases =
    "|newspaper|glass of water|bottle of water|toilet roll|hot water bottle|green pepper|red pepper|chocolate "
    "egg|saltcellar|tin opener|electric wheelchair|"
    "bath time|bed time|steak|light bulb|chocolate bar|traffic light|piece of paper|torch light|";

const WordList kKin =
    "|mum|mummy|mom|mommy|mam|mama|mamma|dad|daddy|papa|grandma|grandpa|granny|grandad|granddad|nan|nana|nanny|gran|"
    "gramps|auntie|aunty|santa|santa claus|"
    "father christmas|god|jesus|";

const WordList kBareNouns =
    "|home|school|bed|town|church|work|breakfast|lunch|dinner|supper|i|nobody|somebody|everybody|anybody|someone|"
    "everyone|anyone|no one|"
    "something|everything|nothing|anything|easter|christmas|ramadan|halloween|mother's day|father's "
    "day|monday|tuesday|wednesday|thursday|"
    "friday|saturday|sunday|january|february|april|june|july|august|september|october|november|december|youtube|"
    "netflix|"
    "spain|france|england|america|africa|europe|asia|london|oceania|";

const WordList kNotNames =
    "|cd|dvd|tv|pc|rv|usb|gps|the three kings|canary islands|olympic games|television|ipad|t-shirt|";

const WordList kPersonLike =
    "|wrist|mist|fist|list|twist|waist|toast|hoist|roman|talisman|ottoman|moist|dvd player|cd player|record "
    "player|specialist equipment|";

const WordList kOtherNouns =
    "|lily|construction kit|communication board|equal sign|end|heat|lovers|joint|kit|board|sign|snakes and "
    "ladders|jigsaw|couple|pair|shoe|ball|"
    "apple|cup|book|car|box|bag|hat|coat|table|chair|door|window|key|phone|";

const WordList kHardCh = "|stomach|monarch|patriarch|epoch|loch|eunuch|tech|";

const WordList kTakesEs =
    "|potato|tomato|hero|echo|mosquito|volcano|mango|torpedo|tornado|buffalo|domino|cargo|veto|embargo|";

// clang-format off
const std::pair<NounClass, WordList> kClasses[9] = {
    {NounClass::kPerson,
     "|man|woman|boy|girl|baby|child|kid|person|people|adult|teenager|toddler|old person|little girl|little boy|lady|gentleman|guy|friend|best friend|boyfriend|girlfriend|"
     "partner|husband|wife|mother|father|sister|brother|son|daughter|aunt|uncle|cousin|nephew|niece|grandmother|grandfather|grandson|granddaughter|"
     "grandparent|parent|twin|family|couple|married couple|neighbour|neighbor|stranger|foreigner|guest|visitor|crowd|team|group|class|teacher|pupil|student|classmate|"
     "headteacher|head teacher|assistant|helper|carer|caregiver|nurse|doctor|dentist|surgeon|therapist|speech therapist|physiotherapist|psychologist|"
     "occupational therapist|social worker|paramedic|patient|vet|chemist|policeman|policewoman|police officer|police|firefighter|fireman|soldier|sailor|mariner|captain|pilot|"
     "steward|stewardess|air hostess|driver|bus driver|taxi driver|mechanic|plumber|electrician|carpenter|builder|bricklayer|painter|decorator|"
     "miner|blacksmith|farmer|gardener|florist|fisherman|butcher|baker|pastry cook|cook|chef|waiter|waitress|shopkeeper|shop assistant|cashier|"
     "hairdresser|barber|cleaner|caretaker|porter|postman|postwoman|secretary|boss|manager|worker|engineer|ingeneer|scientist|computer technician|technician|"
     "programmer|lawyer|judge|politician|president|king|queen|prince|princess|mayor|priest|nun|monk|imam|rabbi|vicar|bishop|pope|writer|author|poet|"
     "journalist|presenter|interpreter|translator|photographer|actor|actress|singer|musician|dancer|artist|magician|clown|tightrope walker|juggler|acrobat|swimmer|"
     "skier|runner|cyclist|footballer|athlete|coach|referee|player|champion|winner|diver|bullfighter|astronaut|cowboy|pirate|thief|bandit|burglar|robber|witch|wizard|"
     "fairy|elf|giant|ghost|vampire|monster|angel|devil|hero|superhero|santa|optimist|pessimist|listener|traveler|traveller|tourist|passenger|pedestrian|lover|member|leader|"
     "librarian|ice-cream seller|seller|music teacher|support worker|key worker|minister|friends|staff|"},
    {NounClass::kAnimal,
     "|animal|pet|dog|puppy|cat|kitten|horse|pony|foal|donkey|mule|cow|bull|calf|ox|pig|piglet|hog|sheep|lamb|goat|kid goat|hen|chicken|chick|cock|rooster|duck|"
     "duckling|goose|swan|turkey|rabbit|hare|hamster|guinea pig|mouse|rat|rodent|squirrel|hedgehog|mole|bat|fox|wolf|bear|polar bear|panda|koala|deer|reindeer|"
     "lion|tiger|leopard|cheetah|elephant|giraffe|zebra|hippo|hippopotamus|rhino|rhinoceros|monkey|gorilla|chimpanzee|camel|dromedary|dromedar|kangaroo|"
     "llama|seal|whale|dolphin|shark|fish|goldfish|swordfish|octopus|squid|crab|lobster|jellyfish|starfish|turtle|tortoise|giant turtle|crocodile|alligator|lizard|snake|"
     "frog|toad|bird|budgie|parrot|pigeon|sparrow|robin|crow|owl|eagle|penguin|ostrich|flamingo|peacock|stork|seagull|insect|bug|ant|bee|wasp|fly|"
     "mosquito|butterfly|moth|beetle|ladybird|grasshopper|spider|scorpion|snail|slug|worm|caterpillar|dinosaur|dragon|unicorn|"},
    {NounClass::kPlace,
     "|place|house|home|flat|apartment|room|kitchen|bathroom|bedroom|living room|dining room|dining-room|sitting room|hall|toilet|lavatory|loo|garage|attic|"
     "cellar|garden|yard|patio|terrace|balcony|shed|roof|school|nursery|classroom|playground|recreation area|gym|gymnasium|library|canteen|university|college|hospital|clinic|surgery|"
     "health centre|pharmacy|chemist's|dentist's|doctor's|hairdresser's|shop|supermarket|market|shopping centre|bakery|butcher's|greengrocer's|patisserie|bank|post office|police station|"
     "fire station|town hall|court|prison|jail|church|mosque|synagogue|temple|cathedral|cemetery|castle|palace|museum|theatre|cinema|zoo|zoological garden|circus|"
     "funfair|fair|park|theme park|square|street|road|avenue|pavement|bridge|car park|petrol station|bus stop|bus station|station|train station|airport|harbour|port|restaurant|"
     "café|cafe|bar|pub|hamburger restaurant|hotel|hostel|camping site|campsite|camp|office|factory|farm|field|forest|wood|grove|jungle|desert|mountain|hill|valley|cave|"
     "river|lake|pond|sea|seaside|beach|coast|island|swimming pool|pool|stadium|bowling alley|sports centre|day centre|centre|center|town|city|village|country|countryside|"
     "world|mars|moon|africa|europe|asia|america|oceania|spain|france|england|london|canary islands|alava|old people's home|care home|business premises|hairdressing salon|shopping mall|mall|"
     "waiting room|changing room|staircase|entrance|exit|legal residence|puppet theatre|lift|house of|space|housing|workshop|studio|bedside|swimming baths|baths|"},
    {NounClass::kVehicle,
     "|car|bus|train|tram|taxi|van|lorry|truck|bike|bicycle|motorbike|scooter|tricycle|boat|ship|ferry|plane|aeroplane|aircraft|helicopter|ambulance|"
     "coach trip|minibus|underground|metro|tube|caravan|tractor|vehicle|sledge|family touring car|recreational vehicle|all terrain vehicle|rocket|"},
    {NounClass::kDay,
     "|monday|tuesday|wednesday|thursday|friday|saturday|sunday|christmas day|new year's day|birthday|mother's day|father's day|boxing day|"},
    {NounClass::kMonth,
     "|january|february|march|april|may|june|july|august|september|october|november|december|"},
    {NounClass::kSeason, "|spring|summer|autumn|winter|"},
    {NounClass::kDayPart, "|morning|afternoon|evening|"},
    {NounClass::kInstrument,
     "|piano|guitar|electric guitar|violin|viola|cello|flute|recorder|trumpet|trombone|saxophone|clarinet|drum|drums|harp|harpsichord|accordion|xylophone|"
     "tambourine|triangle|maracas|castanets|cymbals|bagpipes|organ|keyboard|musical instrument|mouth organ|harmonica|ukulele|"},
};
// clang-format on

namespace {

// clang-format off
constexpr std::pair<std::string_view, std::string_view> kIrregularPlurals[] = {
    {"child", "children"}, {"man", "men"}, {"woman", "women"}, {"person", "people"}, {"foot", "feet"}, {"tooth", "teeth"}, {"goose", "geese"},
    {"mouse", "mice"}, {"louse", "lice"}, {"ox", "oxen"}, {"die", "dice"}, {"penny", "pennies"}, {"knife", "knives"}, {"wife", "wives"},
    {"life", "lives"}, {"leaf", "leaves"}, {"loaf", "loaves"}, {"half", "halves"}, {"calf", "calves"}, {"wolf", "wolves"}, {"shelf", "shelves"},
    {"scarf", "scarves"}, {"thief", "thieves"}, {"elf", "elves"}, {"self", "selves"}, {"hoof", "hooves"}, {"sheaf", "sheaves"}, {"wharf", "wharves"},
    {"dwarf", "dwarves"}, {"sheep", "sheep"}, {"fish", "fish"}, {"deer", "deer"}, {"reindeer", "reindeer"}, {"moose", "moose"}, {"salmon", "salmon"},
    {"trout", "trout"}, {"squid", "squid"}, {"swordfish", "swordfish"}, {"shrimp", "shrimp"}, {"series", "series"}, {"species", "species"},
    {"aircraft", "aircraft"}, {"spacecraft", "spacecraft"}, {"hovercraft", "hovercraft"}, {"offspring", "offspring"}, {"means", "means"},
    {"crossroads", "crossroads"}, {"headquarters", "headquarters"}, {"cactus", "cacti"}, {"fungus", "fungi"}, {"stimulus", "stimuli"},
    {"nucleus", "nuclei"}, {"radius", "radii"}, {"abacus", "abaci"}, {"crisis", "crises"}, {"analysis", "analyses"}, {"basis", "bases"},
    {"oasis", "oases"}, {"thesis", "theses"}, {"diagnosis", "diagnoses"}, {"hypothesis", "hypotheses"}, {"axis", "axes"}, {"phenomenon", "phenomena"},
    {"criterion", "criteria"}, {"bacterium", "bacteria"}, {"medium", "media"}, {"datum", "data"}, {"larva", "larvae"}, {"antenna", "antennae"},
    {"quiz", "quizzes"}, {"bus", "buses"}, {"gas", "gases"}, {"yes", "yeses"}, {"passer-by", "passers-by"}, {"grown-up", "grown-ups"},
    {"gateau", "gateaux"}, {"plateau", "plateaux"}, {"one", "ones"}, {"this", "these"}, {"that", "those"},
};
// clang-format on

// One word for one and for many, or -s already: no sign of being many.
constexpr std::string_view kSameForBoth =
    "|sheep|fish|deer|reindeer|moose|salmon|trout|squid|swordfish|shrimp|series|species|aircraft|spacecraft|hovercraft|"
    "offspring|means|crossroads|headquarters|data|media|axes|bases|lives|leaves|halves|";

}  // namespace

const std::unordered_map<std::string_view, std::string_view>& irregular_plurals() {
  static const auto* const map = new std::unordered_map<std::string_view, std::string_view>(
      std::begin(kIrregularPlurals), std::end(kIrregularPlurals));
  return *map;
}

const std::unordered_map<std::string_view, std::string_view>& irregular_plural_forms() {
  static const auto* const map = [] {
    auto* forms = new std::unordered_map<std::string_view, std::string_view>;
    const std::string_view same = kSameForBoth;
    for (const auto& [singular, plural] : kIrregularPlurals)
      if (same.find("|" + std::string(plural) + "|") == std::string_view::npos) forms->emplace(plural, singular);
    for (const auto& [plural, singular] :
         {std::pair<std::string_view, std::string_view>{"lives", "life"}, {"leaves", "leaf"}, {"halves", "half"}})
      forms->emplace(plural, singular);
    return forms;
  }();
  return *map;
}

}  // namespace aacft::english
