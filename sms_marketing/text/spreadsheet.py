"""CSV for people who open it in a spreadsheet program: no cell becomes a formula there."""

import csv
import io
import re

#: What spreadsheet programs take for the beginning of a formula (OWASP, “CSV Injection”).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

#: A phone number or a plain number is no formula, whatever it begins with.
HARMLESS = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def neutral(cell):
    """The cell as text; what would be read as a formula gets an apostrophe in front."""
    text = "" if cell is None or cell is False else str(cell)
    if text.lstrip(" ").startswith(FORMULA_STARTS) and not HARMLESS.fullmatch(text):
        return f"'{text}"
    return text


def write_csv(header, rows):
    """A CSV with a byte order mark, so that spreadsheet programs read it as UTF-8.

    :param header: names of the columns
    :param rows: sequences of cells
    :rtype: bytes
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
