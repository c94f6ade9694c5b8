"""Ways to tell and to ask that belong to one kind of attribute: 'The crate weighs 20 kg.', 'How heavy is the crate?'"""

OPENING = ("password", "passcode", "access code", "entry code", "unlock code", "security code", "PIN", "combination")
PRICE = ("price", "cost")
# Attributes that one question may ask for, the statements, the questions.
_WAYS = (
    (
        OPENING,
        ("{The} opens with {value}.", "To open {the}, enter {value}.", "{value} unlocks {the}."),
        ("How do I open {the}?", "What opens {the}?", "What unlocks {the}?", "With which code does {the} open?"),
    ),
    (
        ("location",),
        ("You will find {the} at {value}.", "{The} was left at {value}.", "{The} stands near {value}."),
        ("Where is {the}?", "Where can I find {the}?", "where is {the}", "Where was {the} left?"),
    ),
    (
        ("address",),
        ("{The} is to be found at {value}.", "{The} moved to {value}.", "Parcels for {the} go to {value}."),
        ("Where is {the}?", "At what address is {the}?", "Where do I send parcels for {the}?"),
    ),
    (("owner",), ("{value} owns {the}.", "{The} belongs to {value}."), ("Who owns {the}?", "To whom does {the} belong?")),
    (
        ("manager",),
        ("{value} manages {the}.", "{The} is managed by {value}.", "{value} is in charge of {the}."),
        ("Who manages {the}?", "Who runs {the}?", "Who is in charge of {the}?"),
    ),
    (("keeper",), ("{value} keeps {the}.", "{value} looks after {the}."), ("Who keeps {the}?", "Who looks after {the}?")),
    (("contact",), ("For {the}, ask {value}.",), ("Whom do I ask about {the}?", "Who knows about {the}?")),
    (("author",), ("{value} wrote {the}.", "{The} was written by {value}."), ("Who wrote {the}?",)),
    (("weight",), ("{The} weighs {value}.",), ("How heavy is {the}?", "How much does {the} weigh?")),
    (("height",), ("{The} is {value} high.",), ("How high is {the}?", "How tall is {the}?")),
    (
        PRICE,
        ("{The} costs {value}.", "{The} was sold for {value}.", "They paid {value} for {the}."),
        ("How much does {the} cost?", "What does {the} cost?", "How much was paid for {the}?"),
    ),
    (("budget",), ("{The} may spend {value}.",), ("How much may {the} spend?", "What may {the} spend?")),
    (("population",), ("{value} people live in {the}.",), ("How many people live in {the}?",)),
    (("birthday",), ("{The} was born on {value}.",), ("When was {the} born?",)),
    (("release date",), ("{The} came out on {value}.",), ("When did {the} come out?", "When was {the} released?")),
    (("deadline",), ("{The} must be done by {value}.",), ("By when must {the} be done?", "When is {the} due?")),
    (("date",), ("{The} took place on {value}.",), ("When did {the} take place?", "When was {the}?")),
    (("colour",), ("{The} was painted {value}.",), ("Which colour is {the}?", "What colour was {the} painted?")),
    (("distance",), ("It is {value} to {the}.",), ("How far is {the}?", "How far is it to {the}?")),
    (("capacity",), ("{The} holds {value}.",), ("How much does {the} hold?",)),
    (
        ("phone number",),
        ("Call {the} at {value}.", "{The} can be called at {value}."),
        ("How can I call {the}?", "Which number do I call for {the}?"),
    ),
    (("email",), ("Write to {the} at {value}.",), ("How do I write to {the}?",)),
    (("quantity",), ("We have {value} of {the}.",), ("How many of {the} do we have?",)),
    (("codename",), ("{The} goes by the name {value}.",), ("By what name does {the} go?",)),
    (("room number",), ("{The} is in room {value}.",), ("In which room is {the}?", "Which room is {the} in?")),
    (("locker number",), ("{The} is kept in locker {value}.",), ("In which locker is {the} kept?",)),
    (("port",), ("{The} listens on port {value}.",), ("On which port does {the} listen?",)),
    (("version",), ("{The} now runs version {value}.",), ("Which version does {the} run?",)),
)
STATEMENTS = {attribute: statements for attributes, statements, _ in _WAYS for attribute in attributes}
QUESTIONS = {attribute: questions for attributes, _, questions in _WAYS for attribute in attributes}


def alike(attribute: str, other: str) -> bool:
    """Whether some question asks for either."""
    return not set(QUESTIONS.get(attribute, ())).isdisjoint(QUESTIONS.get(other, ()))
