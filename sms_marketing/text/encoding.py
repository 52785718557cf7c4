"""What a text may hold: the GSM 7-bit alphabet, plain equivalents, control characters.

Source of the alphabet: 3GPP TS 23.038 (once GSM 03.38), sections 6.2.1 and 6.2.1.1.
"""

import re
import unicodedata

#: The 127 characters of the default alphabet in the order of their codes. The code 0x1B, the
#: escape to the extension table, is left out: it is no character of a text.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The characters of the extension table. Each takes two septets: the escape and its code.
GSM_EXTENSION = "\f^{}\\[~]|€"

_NOT_GSM = re.compile(f"[^{re.escape(GSM_BASIC + GSM_EXTENSION)}]")

#: Characters outside GSM-7 and what says the same in it. Only typography and symbols: a letter
#: is never replaced by another one, for that would change how a word is spelled. Joiners and
#: direction marks stay as well, since emoji and several scripts need them.
PLAIN_EQUIVALENTS = {
    # Apostrophes and single quotation marks
    **dict.fromkeys("`´‘’‚‛‹›′‵ʹʻʼˈ", "'"),
    # Double quotation marks
    **dict.fromkeys("“”„‟«»″‶ʺ", '"'),
    # Hyphens, dashes, minus signs
    **dict.fromkeys("‐‑‒–—―−⁃﹘﹣", "-"),
    # Bullets
    **dict.fromkeys("•‣◦▪●", "-"),
    # Tab, no-break space, and the spaces of typesetting
    **dict.fromkeys(
        "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
        "\u202f\u205f\u3000",
        " ",
    ),
    # Line ends
    **dict.fromkeys("\u0085\u2028\u2029", "\n"),
    # Soft hyphen, zero-width space, word joiner, byte order mark: nothing is seen of them
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),
    # Symbols
    "…": "...",
    "⁄": "/",
    "∕": "/",
    "∶": ":",
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "←": "<-",
    "©": "(c)",
    "®": "(R)",
    "™": "TM",
    "№": "No.",
    # Ligatures, as copied from print
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
    # Signs that look like, and mean, a letter of the alphabet
    "\u2126": "Ω",
    "\u2206": "Δ",
    "\u212a": "K",
    "\u212b": "Å",
}
# A variation selector after a replaced sign (as in the emoji form of ©) must go with it.
_HAS_EQUIVALENT = re.compile(f"([{re.escape(''.join(PLAIN_EQUIVALENTS))}])[\ufe0e\ufe0f]?")
# A letter with its accent apart, as some systems write it.
_DECOMPOSED = re.compile("[A-Za-z][\u0300-\u0327]")

_UNCLEAN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\x85\u2028\u2029]")


def is_gsm(text: str) -> bool:
    """Whether every character of `text` is in the GSM-7 alphabet (the empty text is)."""
    return _NOT_GSM.search(text) is None


def non_gsm_characters(text: str) -> list[str]:
    """The characters that force `text` into UCS-2, each once, in order of appearance."""
    return list(dict.fromkeys(_NOT_GSM.findall(text)))


def simplify(text: str) -> str:
    """Replace what has a plain equivalent in GSM-7, see `PLAIN_EQUIVALENTS`.

    Accents written apart join their letter where GSM-7 has the accented letter. Whatever has no
    equivalent stays, so the result is not always GSM-7.
    """
    if _NOT_GSM.search(text) is None:
        return text
    text = _DECOMPOSED.sub(_compose, text)
    return _HAS_EQUIVALENT.sub(lambda found: PLAIN_EQUIVALENTS[found[1]], text)


def log_line(words: object, most: int = 200) -> str:
    """`words` of a stranger as one line of a log can show them: printable, and cut.

    A line break in a phone number or a provider's answer must not look like a line of ours.
    """
    text = str(words)[: most + 1]
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= most else f"{line[:most]}…"


def strip_control(text: str) -> str:
    """Remove control characters and lone surrogates, which no carrier can take.

    A line end of any kind becomes one newline and is kept; a tab becomes a space, so that the
    words beside it stay apart.
    """
    if _UNCLEAN.search(text) is None:
        return text
    return _UNCLEAN.sub("", _LINE_END.sub("\n", text).replace("\t", " "))


def _compose(found: re.Match) -> str:
    composed = unicodedata.normalize("NFC", found[0])
    return composed if is_gsm(composed) else found[0]
