"""Reading a domain that somebody wrote as a Python literal, within bounds."""

from ast import literal_eval

#: Characters of a domain; twenty thousand ids are about this many.
LONGEST = 200_000
#: Brackets inside brackets: a condition on a list of values takes three.
DEEPEST = 30


def read_list(written: str) -> list | tuple:
    """The list of conditions in a domain's text; an empty text is an empty one.

    :raises ValueError: when it is none, or longer or deeper than any domain is
    """
    written = written or "[]"
    if len(written) > LONGEST:
        raise ValueError(f"more than {LONGEST} characters")
    depth = 0
    for letter in written:
        depth += (letter in "([{") - (letter in ")]}")
        if depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} brackets inside each other")
    try:
        value = literal_eval(written)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(str(error)[:200]) from None
    if not isinstance(value, list | tuple):
        raise ValueError("not a list of conditions")
    return value
