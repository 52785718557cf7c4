"""Incoming keywords: what a person typed, as a key that can be compared."""

import re
import unicodedata
from collections.abc import Iterable

#: Characters that are looked at. Decomposing takes time that grows with the square of the accents.
LONGEST = 1000

_not_ascii_key = re.compile("[^A-Z0-9]+")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

_QUOTES = "\"'“”„‘’«»"


def normalise(text: str) -> str:
    """A key that is equal for all ways to write one keyword; empty if no letter is in `text`.

    Case, white space, punctuation, emoji, invisible characters, accents and the width of letters
    make no difference: `stop.`, `Ｓｔｏｐ !` and `STÖP 🛑` all give `STOP`; `opt out`, `OPT-OUT`
    and `optout` give `OPTOUT`. Letters and digits of every script are kept. Vowel signs are
    kept as well: in the scripts that have them they are no accents, and tell words apart.
    """
    text = text[:LONGEST]
    if text.isascii():
        return _not_ascii_key.sub("", text.upper())
    # Dotless i folds to itself but its capital is I, dotted capital i loses its dot as an accent:
    # the order decompose, drop accents, fold, capitalize makes all four kinds of i one.
    # The Greek iota below a letter is the one accent whose capital is a letter.
    letters = _letters(unicodedata.normalize("NFKD", text).replace("\u0345", "ι"))
    letters = _letters(unicodedata.normalize("NFKD", letters.casefold().upper()))
    return unicodedata.normalize("NFC", letters)


def mentions(text: str, keywords: Iterable[str]) -> bool:
    """Whether `text` tells its reader one of these words, as in “Reply STOP” or “text 'stop'”.

    As a word of its own, in capitals or in quotation marks: “at the end of the week” tells nobody
    to text END.
    """
    for keyword in keywords:
        word = re.escape(keyword.strip())
        quoted = f"[{_QUOTES}]{word}[{_QUOTES}]"
        if re.search(rf"(?<!\w){re.escape(keyword.strip().upper())}(?!\w)", text) or re.search(
            quoted, text, re.IGNORECASE
        ):
            return True
    return False


def _letters(text):
    return "".join([char for char in _VARIATION_SELECTORS.sub("", text) if _is_letter(char)])


def _is_letter(char):
    category = unicodedata.category(char)
    if category[0] == "M":
        # Accents have a combining class, vowel signs have none. Me: enclosing marks (keycaps).
        return category != "Me" and not unicodedata.combining(char)
    return category[0] in "LN"
