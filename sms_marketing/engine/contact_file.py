"""Reading a CSV of contacts with evidence of consent: what is in it, and what is wrong with it.

Nothing is written here; ``contact_import`` writes what this has read.
"""

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytz

from .consent import EVIDENCE_KINDS

REQUIRED = ("name",)
OPTIONAL = (
    "ref",
    "email",
    "mobile",
    "phone",
    "city",
    "country",
    "timezone",
    "lang",
    "marketing",
    "consent",
    "consent_for",
    "consent_date",
    "legal_basis",
    "evidence",
    "evidence_kind",
    "wording",
)
COLUMNS = REQUIRED + OPTIONAL

YES = frozenset({"yes", "y", "true", "1", "on"})
NO = frozenset({"", "no", "n", "false", "0", "off"})
CONSENTS = ("subscribed", "pending", "unsubscribed")
CONSENT_FOR = {"": (), "mobile": ("mobile",), "phone": ("phone",), "both": ("mobile", "phone")}

#: A cell longer than this is no contact's data but a file gone wrong.
LONGEST_CELL = 2000
#: Bytes of a file: some hundred thousand contacts.
MOST_BYTES = 50_000_000
#: Columns of a file, and characters of its header that are looked at for the delimiter.
MOST_COLUMNS, LONGEST_HEADER = 100, 10_000


class UnreadableFile(Exception):
    """The file as a whole cannot be read; the message says why and how to mend it."""


@dataclass(slots=True)
class Row:
    """One line of the file, its values checked.

    :param line: line number in the file, the header being line 1
    :param values: text by column
    :param consent_at: when the person agreed or left, UTC
    """

    line: int
    values: dict[str, str]
    marketing: bool = False
    consent_for: tuple[str, ...] = ()
    consent_at: datetime | None = None


@dataclass(slots=True)
class ContactFile:
    """What a file holds: rows that can be taken, and errors as (line, column, sentence).

    :param left_out: values by column of the rows with an error, by line
    """

    rows: list[Row] = field(default_factory=list)
    errors: list[tuple[int, str, str]] = field(default_factory=list)
    left_out: dict[int, dict[str, str]] = field(default_factory=dict)


def read(env, content, legal_bases):
    """Read a CSV (UTF-8, comma or semicolon, header line) of contacts.

    A row with an error is left out and named in ``errors``; the others are kept.

    :param env: whose language the errors are in
    :param bytes content:
    :param legal_bases: codes that the column ``legal_basis`` may hold
    :raises UnreadableFile: wrong encoding, no header, missing or unknown columns
    :rtype: ContactFile
    """
    if len(content) > MOST_BYTES:
        raise UnreadableFile(
            env._("The file is larger than %d MB. Split it.", MOST_BYTES // 1_000_000)
        )
    reader = _open(env, content)
    result = ContactFile()
    seen_refs = {}
    try:
        for line in reader:
            if None in line:
                problem = env._("has more cells than the header has columns")
                result.errors.append((reader.line_num, "", problem))
                continue
            values = {name: (value or "").strip() for name, value in line.items()}
            if not any(values.values()):
                continue
            row = Row(reader.line_num, {name: values.get(name, "") for name in COLUMNS})
            errors = _check(env, row, legal_bases, seen_refs)
            result.errors += [(row.line, column, problem) for column, problem in errors]
            if errors:
                result.left_out[row.line] = row.values
            else:
                result.rows.append(row)
    except csv.Error as error:
        raise _no_csv(env, reader.reader.line_num, error) from error
    return result


def _open(env, content):
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableFile(
            env._("Line %s is not UTF-8. Save the file as “CSV UTF-8” and try again.", line)
        ) from error
    if "\0" in text:
        raise UnreadableFile(env._("This is no text file. Save it as “CSV UTF-8” and try again."))
    header = text[:LONGEST_HEADER].partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise _no_csv(env, 1, error) from error
    names = reader.fieldnames
    if len(names) > MOST_COLUMNS:
        raise UnreadableFile(
            env._(
                "The file has %(count)s columns; only these are read: %(columns)s.",
                count=len(names),
                columns=", ".join(COLUMNS),
            )
        )
    problems = [
        *(env._("“%s” is missing", name) for name in REQUIRED if name not in names),
        *(env._("“%s” is not known", name[:40]) for name in names if name not in COLUMNS),
        *(
            env._("“%s” is there twice", name[:40])
            for name in sorted({n for n in names if names.count(n) > 1})
        ),
    ]
    if problems:
        raise UnreadableFile(
            env._(
                "The columns are not right: %(problems)s. Columns that can be read: %(columns)s.",
                problems="; ".join(problems),
                columns=", ".join(COLUMNS),
            )
        )
    return reader


def _no_csv(env, line, error):
    return UnreadableFile(env._("Line %(line)s is no CSV: %(error)s.", line=line, error=error))


def _check(env, row, legal_bases, seen_refs):
    """Fill in the row's checked values; return (column, problem) for what is wrong."""
    values = row.values
    errors = [
        (name, env._("is longer than %d characters", LONGEST_CELL))
        for name, value in values.items()
        if len(value) > LONGEST_CELL
    ]
    if errors:
        # What is wrong besides would be said with the whole cell.
        return errors
    if not values["name"]:
        errors.append(("name", env._("is empty")))
    if values["ref"]:
        first = seen_refs.setdefault(values["ref"], row.line)
        if first != row.line:
            problem = env._(
                "“%(value)s” is on line %(line)s already", value=values["ref"], line=first
            )
            errors.append(("ref", problem))
    marketing = values["marketing"].lower()
    if marketing not in YES | NO:
        errors.append(("marketing", env._("“%s” is neither yes nor no", values["marketing"])))
    row.marketing = marketing in YES
    if values["timezone"] and values["timezone"] not in pytz.all_timezones_set:
        problem = env._("“%s” is no time zone like Europe/Paris", values["timezone"])
        errors.append(("timezone", problem))
    return errors + _check_consent(env, row, legal_bases)


def _check_consent(env, row, legal_bases):
    values, errors = row.values, []
    values["consent"] = values["consent"].lower()
    if values["consent"] not in ("", *CONSENTS):
        problem = _none_of(env, values["consent"], CONSENTS)
        errors.append(("consent", problem))
    if values["consent_for"].lower() not in CONSENT_FOR:
        problem = _none_of(env, values["consent_for"], filter(None, CONSENT_FOR))
        errors.append(("consent_for", problem))
    else:
        row.consent_for = CONSENT_FOR[values["consent_for"].lower()] or (
            ("mobile",) if values["mobile"] else ("phone",)
        )
    if values["consent_date"]:
        row.consent_at = _moment(values["consent_date"])
        if not row.consent_at:
            problem = env._("“%s” is no date like 2026-01-31", values["consent_date"])
            errors.append(("consent_date", problem))
        elif row.consent_at > datetime.now(UTC).replace(tzinfo=None):
            errors.append(("consent_date", env._("lies in the future")))
    if values["legal_basis"] and values["legal_basis"] not in legal_bases:
        problem = _none_of(env, values["legal_basis"], legal_bases)
        errors.append(("legal_basis", problem))
    evidence_kinds = dict(EVIDENCE_KINDS)
    if values["evidence_kind"] and values["evidence_kind"] not in evidence_kinds:
        problem = _none_of(env, values["evidence_kind"], evidence_kinds)
        errors.append(("evidence_kind", problem))
    if values["consent"] in ("subscribed", "pending"):
        # Consent without evidence is a claim.
        errors += [
            (name, env._("is needed where there is consent"))
            for name in ("consent_date", "legal_basis", "evidence")
            if not values[name]
        ]
    return errors


def _none_of(env, value, known):
    # What may stand there is part of the file's form, the same in every language.
    return env._("“%(value)s” is none of %(known)s", value=value, known=", ".join(known))


def _moment(text):
    """A date or moment in ISO 8601 as naive UTC; None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
