"""What the demo prints: the import, and the campaign's figures as a table."""

from .report import note

WIDTH = 62
MOST_LINES = 12


def print_import(file_name, content, result):
    """Print what an import took and what it left out."""
    left_out = len({line for line, _column, _problem in content.errors})
    print(f"\n  Import of {file_name}", flush=True)
    _line("Lines with a contact", len(content.rows) + left_out)
    _line("taken", len(content.rows), 1)
    _line("new contacts", result.created, 2)
    _line("known contacts, updated", result.updated, 2)
    _line("known contacts, as the file has them", result.unchanged, 2)
    _line("left out", left_out, 1)
    _line("Consents written to the log", sum(result.consents.values()))
    for state, count in result.consents.most_common():
        _line(state, count, 1)
    _print_problems("Left out", content.errors)
    _print_problems("Taken, but to look at", result.warnings)


def _print_problems(title, problems):
    if not problems:
        return
    print(f"\n  {title}")
    for line, column, problem in problems[:MOST_LINES]:
        subject = f"{column} " if column else ""
        print(f"    line {line}: {subject}{problem}")
    if len(problems) > MOST_LINES:
        print(f"    … and {len(problems) - MOST_LINES} more")


def print_campaign(figures, labels):
    """Print a campaign's figures.

    :param figures: `demo_figures.Figures`
    :param labels: what the codes of reasons mean, by code
    """

    def reasons(state, depth):
        found = [
            (count, labels.get(reason, reason or "No reason given"))
            for (its_state, reason), count in figures.reasons.items()
            if its_state == state
        ]
        for count, label in sorted(found, key=lambda pair: (-pair[0], pair[1])):
            _line(label, count, depth)

    states, measures = figures.states, figures.measures
    print(f"\n  Campaign “{figures.name}”")
    _line("Contacts considered", figures.considered)
    _line("Sent", figures.sent, 1)
    _line("Delivered", states["delivered"], 2)
    _line("Not delivered", states["undelivered"], 2)
    reasons("undelivered", 3)
    _line("No receipt yet", states["sent"], 2)
    _line("Refused", states["failed"], 1)
    reasons("failed", 2)
    _line("Not sent", figures.not_sent, 1)
    reasons("skipped", 2)
    _line("Outcome unknown", states["unknown"], 1)
    _line("Waiting", figures.waiting, 1)
    _line("Segments used", measures.get("segments", 0))
    _line("Clicks", measures.get("clicks", 0))
    _line("Recipients who clicked", measures.get("clicked", 0), 1)
    _line("Replies", measures.get("replies", 0))
    _line("Opt-outs", measures.get("opted_out", 0))
    _line("Kept out, having opted out after an earlier campaign", figures.kept_out)
    _rate("Delivery rate", states["delivered"], figures.sent)
    _rate("Click rate", measures.get("clicked", 0), states["delivered"])


def print_checks(number, failed):
    """Print how many checks hold, and each that does not with what is wrong."""
    print()
    for check, problem in failed:
        note(f"CHECK FAILED: {check}: {problem}")
    if failed:
        note(f"The figures do not add up: {len(failed)} of {number} checks failed.")
    else:
        note(f"The figures add up: {number} checks hold.")


def _line(label, count, depth=0):
    text = f"    {'  ' * depth}{label} "
    print(f"{text:.<{WIDTH}} {count:6d}", flush=True)


def _rate(label, part, whole):
    text = f"    {label} "
    print(f"{text:.<{WIDTH}} {part / whole if whole else 0:6.1%}", flush=True)
