"""The words of the synthetic corpus, written for this course, and how they are inflected.

A noun belongs to one topic, so a single noun gives the topic of its paragraph away. Every word is made of plain
letters, every noun can be counted, and no plural looks like its singular: the grammar relies on it, for a word must
tell its state.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

PERSON, ANIMAL, FOOD, THING, PLACE = KINDS = "paftl"
VOWELS = tuple("aeiou")

# topic: persons / animals / foods / things / places / people's names / how its villages' names end
_TOPICS = {
    "sea": """
        sailor fisherman captain diver pilot lifeguard stowaway harpooner islander boatswain navigator admiral
        / gull crab seal dolphin whale lobster turtle pelican octopus walrus
        / oyster biscuit fishcake dumpling kipper mussel pineapple
        / net anchor sail mast oar raft compass lantern shell hook pearl buoy flag dinghy rope telescope chart trumpet
          barrel rudder hammock schooner
        / harbour beach lighthouse island cliff reef pier cove dune lagoon shipyard bay sandbank jetty
        / Marina Jonah Coral Finn Nerissa Dylan Isla Kai Muriel Morgan Pelle Ondine / mouth haven""",
    "farm": """
        farmer shepherd milkmaid ploughman drover reaper beekeeper stockman farmhand thresher dairymaid stableboy
        / cow pig hen goat lamb donkey mule rooster calf turkey
        / egg turnip potato cheese pancake melon parsnip
        / plough bucket cart pitchfork fence scythe saddle wheelbarrow sack trough gate harness churn scarecrow tractor
          haystack pail yoke sickle halter crate hayrake
        / barn meadow stable pasture orchard hayfield hayloft henhouse cowshed paddock silo farmyard dairy vineyard
        / Agnes Barnaby Clover Dora Ezra Flora Gideon Hattie Jethro Mabel Silas Tess / ham stead""",
    "kitchen": """
        cook baker waiter butler dishwasher brewer confectioner grocer taster housekeeper chef barmaid
        / cat mouse cricket parrot moth beetle housefly canary cockroach kitten
        / pie loaf cake bun tart pudding muffin waffle sausage omelette
        / kettle spoon fork knife oven pan bowl plate teapot jug ladle apron napkin stove sieve candle tray saucer jar
          whisk toaster cupboard
        / pantry cellar larder diner scullery parlour hallway attic bakery cottage tearoom porch balcony storeroom
        / Alma Bruno Celia Dario Elsie Franco Greta Hugo Ines Jasper Lotte Marco / wick well""",
    "forest": """
        hunter woodcutter ranger hermit forester trapper lumberjack outlaw tracker poacher scout stranger
        / fox bear wolf squirrel bat badger owl hare hedgehog woodpecker
        / mushroom acorn chestnut truffle blackberry walnut elderberry
        / axe bow arrow trap log feather bonfire tent twig antler horn basket snare quiver whistle branch cone torch
          blanket cloak boulder stump
        / clearing thicket glade cabin grove hollow den burrow trail woodland hut swamp treehouse ravine
        / Aspen Bram Cedric Daphne Elwood Fern Hazel Juniper Linden Robin Rowan Sylvia / wood shaw""",
    "town": """
        mayor clerk judge baron banker constable lawyer postman journalist tailor barber dentist
        / dog pigeon rat sparrow poodle terrier starling jackdaw spaniel bulldog
        / sandwich doughnut pretzel bagel burger sweet croissant
        / lamp newspaper letter coin hat umbrella bicycle clock key briefcase poster ticket stamp parcel bench statue
          doorbell wallet suitcase ledger badge tram
        / square library street bank station court museum alley cathedral tower arcade suburb avenue prison
        / Albert Beatrice Conrad Doris Edmund Frances Gerald Harriet Irving Josephine Leonard Miriam / ton bury""",
    "mountain": """
        climber miner guide monk goatherd skier prospector mountaineer quarryman porter geologist surveyor
        / eagle ibex marmot yak falcon lynx raven condor vulture llama
        / oatcake flatbread raisin prune stew apricot
        / pickaxe sledge boot rucksack rock crystal ski helmet banner shovel glove icicle tripod ladder cable stretcher
          lump nugget cairn beacon spike carabiner
        / peak summit valley cave glacier ridge slope pass monastery mine crag plateau gorge canyon
        / Alaric Berta Corin Dagmar Egon Freya Gunnar Heidi Ivo Klara Matthias Sigrid / berg horn""",
    "school": """
        teacher pupil student professor librarian headmaster scholar tutor caretaker bully chemist historian
        / hamster goldfinch tadpole silkworm gerbil snail lizard budgerigar frog gecko
        / lunch apple cracker cookie yoghurt peach
        / book pencil map globe satchel blackboard ruler desk notebook crayon atlas diary eraser microscope abacus medal
          essay poem puzzle magnet dictionary bookmark
        / classroom laboratory playground gymnasium dormitory cloakroom corridor academy college nursery hostel
          observatory office archive
        / Ada Bernard Clara Desmond Edith Felix Gloria Harold Ivy Julius Leonora Maxwell / ford leigh""",
    "garden": """
        gardener florist botanist painter neighbour landscaper grandmother grandfather toddler widow nurse daughter
        / bee butterfly robin worm caterpillar ladybird toad wren tortoise spider
        / pear plum carrot cabbage strawberry cucumber
        / rose tulip spade rake hose flowerpot trowel seed daisy bush sundial hedge sunflower birdhouse wreath bulb
          bouquet thistle trellis lily swing hoe
        / greenhouse lawn terrace pond patio shed flowerbed fountain arbour maze courtyard path conservatory rockery
        / Beryl Cyril Dahlia Ernest Florence Gilbert Iris Jasmine Laurence Marigold Poppy Violet / field dale""",
    "river": """
        ferryman miller angler washerwoman raftsman swimmer canoeist bargeman paddler boatbuilder lockkeeper oarsman
        / otter beaver heron swan duck kingfisher newt dragonfly goose eel
        / pasty cherry fritter gooseberry noodle shrimp
        / canoe barge paddle pebble reed millstone float punt plank waterwheel stone bottle bobbin washboard cork kayak
          towel mat creel tub spool ferry
        / bridge ford mill waterfall weir marsh estuary dam landing boathouse stream lock delta riverbank
        / Alvin Brenda Cressida Doran Eliza Fergus Giles Helena Jordan Linnea Nils Tamsin / bridge brook""",
    "road": """
        driver traveller pedlar coachman messenger pilgrim tinker cyclist hitchhiker drummer innkeeper soldier
        / horse camel pony mongrel crow stallion greyhound mare foal mustang
        / snack date fig pastry radish hazelnut
        / wagon wheel coach motorcycle backpack flask milestone signpost carriage trolley lorry caravan toolbox whip
          horseshoe passport tyre engine headlamp bus tarpaulin truck
        / inn crossing village tollhouse tunnel motorway roundabout garage depot junction tavern campsite border byway
        / Abel Bridget Caspar Delia Elias Fabian Gwen Hector Imogen Jacob Lydia Thaddeus / gate way""",
    "workshop": """
        carpenter blacksmith potter weaver cobbler engineer apprentice jeweller welder inventor clockmaker locksmith
        / hound magpie gnat rook wasp ant lapdog piglet termite tomcat
        / scone crumpet pickle onion sardine roll
        / hammer saw nail anvil chisel plane drill screw bolt loom vase wrench chair table brick pulley lever mould
          bracelet machine robot battery
        / forge workshop factory studio kiln warehouse sawmill foundry smithy yard basement lumberyard toolshed gallery
        / Anton Bettina Cornelius Dinah Edgar Frieda Gustav Henrik Ida Jerome Ludwig Martha / thorpe worth""",
    "theatre": """
        actor singer dancer clown juggler violinist pianist magician acrobat conductor director playwright
        / nightingale lion elephant monkey tiger peacock panther dove rabbit leopard
        / toffee lollipop wafer praline grape caramel
        / violin drum flute piano mask costume curtain wig harp guitar cello mirror crown puppet fan necklace trombone
          wand spotlight ribbon slipper accordion
        / stage theatre opera circus ballroom playhouse cinema foyer auditorium stadium carnival fairground bandstand
          arena
        / Adele Bianca Claudio Delphine Emilio Fiona Giulia Horatio Isadora Lorenzo Ophelia Viola / combe minster""",
}  # fmt: skip

_VILLAGES = """Alder Amber Arrow Ash Badger Beech Birch Black Bram Broad Castle Cold Crow Dun East Elm Fair Fern
    Fox Gold Green Hart Hay Hazel High Holly King Lamb Lark Long Maple Mill Moss New North Oak Otter Pear Queen
    Red Rook Rose Sand Silver South Stone Swan Thorn Wheat White Wind Winter Wolf"""

_IRREGULAR = {
    "calf": "calves", "goose": "geese", "knife": "knives", "loaf": "loaves", "mouse": "mice", "potato": "potatoes",
    "wolf": "wolves",
}  # fmt: skip

# Each adjective with the kinds of noun it suits.
_ADJECTIVES = {
    "pa": """brave calm cautious cheerful clever clumsy curious eager faithful fearless fierce friendly gentle
        graceful grumpy hungry impatient lazy lonely loyal lucky merry nervous nimble noisy patient playful
        proud restless shy silent sleepy slender stubborn thirsty timid tired tiny watchful weary""",
    "p": """absent ambitious bearded boastful careful charming courteous cunning famous foolish forgetful
        generous handsome humble idle jealous modest old polite serious skilful solemn talkative tall thoughtful
        wealthy wise young""",
    "a": "agile drowsy fluffy frightened furry obedient plump scruffy shaggy spotted striped swift tame wild",
    "f": """bitter bland crisp delicious fresh frozen juicy mouldy overripe raw ripe salty sour spicy stale
        sticky tasty tender warm wholesome""",
    "t": """ancient battered black blue bright brittle broken cheap clean copper costly cracked crooked dusty
        elegant empty enormous fragile golden green grey heavy iron light narrow new ordinary painted pale
        polished precious red rough rusty shiny silver smooth splendid curved sturdy torn handy wet white wooden
        worn yellow""",
    "l": """abandoned airy bleak chilly cosy crowded dark deserted dim draughty familiar fashionable foggy
        gloomy gorgeous grand hidden huge icy misty muddy peaceful quiet remote ruined safe shady sunny vast
        windy""",
}  # fmt: skip

# Transitive verbs, with the kinds of their objects, the likeliest first; of persons, and of animals.
_PERSON_TAKES = {
    "adore": "paf", "admire": "ptl", "avoid": "pal", "bake": "f", "borrow": "t", "bring": "tf", "build": "t",
    "burn": "t", "buy": "tf", "call": "pa", "carry": "tfa", "catch": "a", "choose": "tf", "clean": "tl",
    "collect": "tf", "comfort": "pa", "copy": "t", "count": "taf", "cover": "tf", "cross": "l", "describe": "lpt",
    "design": "t", "discover": "lt", "draw": "tlpa", "drop": "tf", "eat": "f", "enter": "l", "examine": "ta",
    "explore": "l", "feed": "a", "fetch": "tap", "find": "tpaf", "fix": "t", "follow": "pa", "forget": "tpl",
    "gather": "ft", "greet": "p", "guard": "ltp", "guide": "pa", "hear": "pa", "help": "pa", "hide": "tf",
    "hold": "ta", "hug": "pa", "imagine": "ltp", "inspect": "tl", "invite": "p", "join": "p", "keep": "ta",
    "know": "pl", "leave": "lp", "lift": "ta", "like": "pflta", "lose": "t", "love": "pltf", "measure": "tl",
    "meet": "p", "mend": "t", "mention": "ptl", "miss": "pl", "move": "t", "need": "tp", "notice": "patl",
    "offer": "ft", "order": "f", "own": "tl", "pack": "tf", "paint": "tlp", "pass": "lp", "polish": "t", "praise": "p",
    "prefer": "ft", "prepare": "f", "protect": "alp", "pull": "t", "push": "t", "reach": "l", "recognise": "pt",
    "remember": "plt", "repair": "tl", "rescue": "apt", "respect": "p", "save": "apt", "search": "l", "see": "patl",
    "sell": "tf", "share": "f", "show": "t", "sketch": "lap", "smell": "f", "steal": "tf", "study": "tal",
    "sweep": "l", "take": "tf", "taste": "f", "tease": "pa", "thank": "p", "throw": "tf", "touch": "ta", "trust": "p",
    "use": "t", "visit": "lp", "want": "tf", "warn": "p", "wash": "taf", "watch": "apl", "welcome": "p", "wrap": "tf",
}  # fmt: skip
_ANIMAL_TAKES = {
    "avoid": "pal", "carry": "ft", "chase": "ap", "circle": "l", "cross": "l", "drag": "tf", "eat": "f", "enter": "l",
    "explore": "l", "fear": "pa", "find": "fat", "follow": "pa", "guard": "lt", "hear": "pa", "hide": "ft",
    "ignore": "pat", "leave": "l", "lick": "fp", "love": "pf", "nibble": "f", "notice": "paf", "pass": "lp",
    "scare": "ap", "scratch": "t", "see": "pafl", "smell": "fpa", "sniff": "ft", "steal": "f", "touch": "tf",
    "trust": "p", "watch": "pal",
}  # fmt: skip

_PERSON_ACTS = """argue arrive chat cough dance daydream dream fish frown giggle gossip hesitate hum hurry joke
    jump kneel laugh listen march mutter nod pause play pray read rest run shiver shout sigh sing sit sleep
    smile sneeze snore stand stumble swim talk tremble wait walk wander weep whisper whistle wink work worry
    yawn"""
_ANIMAL_ACTS = (
    "crouch doze drink feed freeze growl jump limp listen play rest roam run shiver sit sleep stretch tremble wait yawn"
)
_THING_ACTS = "break creak fall gleam glitter hang lie rattle rest rock shine slip stand vanish wobble"

_ADVERBS = """again alone aloud bravely briefly calmly carefully cautiously cheerfully clumsily daily eagerly
    early endlessly gently gladly gracefully gratefully happily hopefully impatiently late lazily loudly merrily
    nervously often outdoors patiently peacefully proudly quietly rarely secretly silently slowly softly
    somewhere suddenly twice upstairs weekly"""
_THING_ADVERBS = "again brightly daily faintly often quietly rarely slowly softly somewhere suddenly twice"
_OPENERS = """Afterwards Again Finally Later Meanwhile Now Occasionally Often Once Perhaps Sometimes Soon
    Suddenly Then Today Tomorrow Tonight Usually"""

# Before a place; with an asterisk also before a village; with an exclamation mark only there. `from` says whence
# somebody comes, not where something is.
_PREPOSITIONS = "at behind beside beyond* by from* in! near* opposite outside*"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a paragraph may be about: its nouns by kind, the people in it, the villages round it."""

    nouns: dict[str, tuple[str, ...]]
    people: tuple[str, ...]
    villages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preposition:
    word: str
    place: bool
    village: bool

    @property
    def origin(self) -> bool:
        return self.word == "from"


def plural(noun: str) -> str:
    """Return the plural of a noun of this vocabulary."""
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    if noun.endswith("man"):
        return f"{noun[:-2]}en"
    return third_person(noun)


def third_person(verb: str) -> str:
    """Return the form of a verb that goes with one person: mends, carries, watches."""
    if verb.endswith("y") and not verb.endswith(("ay", "ey", "oy", "uy")):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh")) else f"{verb}s"


def _topic(number: int, text: str) -> Topic:
    *nouns, people, endings = (part.split() for part in text.split("/"))
    stems = _VILLAGES.split()[number % 2 :: 2]
    villages = tuple(stem + ending for stem, ending in zip(stems, cycle(endings)))
    return Topic({kind: tuple(words) for kind, words in zip(KINDS, nouns, strict=True)}, tuple(people), villages)


TOPICS = {name: _topic(number, text) for number, (name, text) in enumerate(_TOPICS.items())}
ADJECTIVES = {word: kinds for kinds, words in _ADJECTIVES.items() for word in words.split()}
TAKES = {PERSON: _PERSON_TAKES, ANIMAL: _ANIMAL_TAKES}
ACTS = {PERSON: _PERSON_ACTS.split(), ANIMAL: _ANIMAL_ACTS.split(), THING: _THING_ACTS.split()}
ADVERBS = {PERSON: _ADVERBS.split(), ANIMAL: _ADVERBS.split(), THING: _THING_ADVERBS.split()}
OPENERS = _OPENERS.split()
PREPOSITIONS = {
    word.rstrip("*!"): Preposition(word.rstrip("*!"), not word.endswith("!"), word.endswith(("*", "!")))
    for word in _PREPOSITIONS.split()
}
