"""Words that a number can always text: no keyword of a company gives them another meaning.

The words of the law (47 CFR 64.1200(a)(10)) and of CTIA, and their equivalents in each language
that the add-on speaks. They count as they stand here, whatever is in the database.
"""

from .keywords import normalise

#: By action, then by language. Case, accents, spaces and punctuation make no difference.
RESERVED_WORDS = {
    "stop": {
        "en": (
            "STOP",
            "STOPALL",
            "STOP ALL",
            "UNSUBSCRIBE",
            "CANCEL",
            "END",
            "QUIT",
            "REVOKE",
            "OPT OUT",
            "OPT-OUT",
            "OPTOUT",
        ),
        "nl": ("AFMELDEN", "UITSCHRIJVEN", "STOPPEN"),
        "fr": (
            "ARRÊT",
            "ARRÊTER",
            "DÉSABONNER",
            "DÉSABONNEMENT",
            "DÉSINSCRIRE",
            "DÉSINSCRIPTION",
        ),
        "de": ("STOPP", "ABMELDEN", "ABMELDUNG", "ABBESTELLEN"),
        "es": (
            "BAJA",
            "DAR DE BAJA",
            "DARME DE BAJA",
            "PARAR",
            "DETENER",
            "DESUSCRIBIR",
        ),
    },
    "help": {
        "en": ("HELP", "INFO"),
        "nl": ("HULP",),
        "fr": ("AIDE",),
        "de": ("HILFE",),
        "es": ("AYUDA",),
    },
    "start": {"en": ("START", "UNSTOP")},
}

#: What a company's own keyword may do with a reserved word. START is a common word to sign up by,
#: and signing up is the number's own wish as well.
ALLOWED_ACTIONS = {"stop": ("stop",), "help": ("help",), "start": ("start", "join")}

_ACTION_OF = {
    normalise(word): action
    for action, by_lang in RESERVED_WORDS.items()
    for words in by_lang.values()
    for word in words
}

#: What tells a reader how to opt out.
OPT_OUT_WORDS = tuple(word for words in RESERVED_WORDS["stop"].values() for word in words)


def reserved_action(key: str) -> str | None:
    """What a word does in any case: ``stop``, ``help``, ``start``, or None for any other word.

    :param key: as ``keywords.normalise`` makes it
    """
    return _ACTION_OF.get(key)


def reserved_keys(*actions: str) -> set[str]:
    """The reserved words of these actions, normalised."""
    return {key for key, action in _ACTION_OF.items() if action in actions}


def is_overruled(key: str, action: str, *, for_one_type: bool) -> bool:
    """Whether a keyword of a company cannot take effect, as its word is reserved for another one.

    :param for_one_type: whether the keyword is for one subscription type; a reserved word opts
        out of all of them
    """
    reserved = reserved_action(key)
    if not reserved:
        return False
    return action not in ALLOWED_ACTIONS[reserved] or (action == "stop" and for_one_type)
