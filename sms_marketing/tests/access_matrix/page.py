"""The matrix as a page of Markdown."""

from .methods import METHODS
from .protected import HARMLESS, PROTECTED
from .roles import ROLES, at_least
from .rows import ACCESS, OF_ANOTHER_USER

_HEAD = """\
# Access: who may do what

<!-- Printed by `make access` from sms_marketing/tests/access_matrix. Change the tables there. -->

Every cell is tried by `sms_marketing/tests/test_access_matrix.py` with rows of one's own, rows of
another user, rows of another company and ids that do not exist. A model or a public method that
is missing from the tables fails that test. Record rules, groups and the checks inside methods
decide; this page only says what came of them.

Roles: *public* (nobody is signed in), *portal*, *internal* (any employee), *sales* (a salesperson
of CRM), and *user*, *manager* and *administrator* of Marketing SMS, each of which has the rights
of the one before.

**Another company.** Nobody reads, changes, deletes or calls anything on a row of a company in
which they are not working now, and nobody moves a row there. Rows that belong to no company
(tags, and technical rows) are open to the roles named below in all companies.

## Rows

`r` read, `w` write, `c` create, `d` delete; after the slash: rows of another user of the company,
where these differ. An empty cell means no access.
"""

_METHODS = """\
## Public methods

What a role may call by RPC, beside Odoo's own methods for rows. *Contacts* stands for whoever may
change contacts: sales, manager, administrator.

| Method | Own rows and the company's | Rows of another user |
|---|---|---|
"""

_PROTECTED = """\
## Protected fields

Only buttons and processes of the add-on write these fields, as superuser. For everybody else a
value is refused whatever way it comes: in the values of `create`, `write` and `web_save`, by
`copy`, by an import, by a command on an x2many field of another record. Defaults of the context
(`default_…`) and of `ir.default` (personal, of a company or of all) have no effect on them. What
is stored is compared after each write. `sms_marketing/tests/test_guarded.py` tries every door of
every field.

| Model | Fields |
|---|---|
"""

_HARMLESS = """
These stored fields are readonly or computed and yet not protected:

| Field | Why it does no harm |
|---|---|
"""


def page():
    """The text of ``docs/access.md``."""
    return "\n".join(
        [
            _HEAD,
            *_table(["Model", *ROLES], ((model, *_cells(model)) for model in sorted(ACCESS))),
            "",
            _METHODS + "\n".join(_methods()),
            "",
            _PROTECTED
            + "\n".join(
                f"| `{model}` | {', '.join(f'`{name}`' for name in names)} |"
                for model, names in sorted(PROTECTED.items())
            ),
            _HARMLESS
            + "\n".join(
                f"| `{model}.{name}` | {reason} |"
                for model, reasons in sorted(HARMLESS.items())
                for name, reason in sorted(reasons.items())
            ),
            "",
        ]
    )


def _table(head, rows):
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for model, *cells in rows:
        yield f"| `{model}` | {' | '.join(cells)} |"


def _cells(model):
    for role in ROLES:
        own = ACCESS[model].get(role, "")
        another = OF_ANOTHER_USER.get(model)
        if another is None or not own:
            yield own
        else:
            yield f"{own} / {another.get(role) or '–'}"


def _methods():
    for model, calls in sorted(METHODS.items()):
        for name, call in sorted(calls.items()):
            another = call.own if call.another is None else call.another
            yield f"| `{model}.{name}` | {_who(call.own)} | {_who(another)} |"


def _who(role):
    return "nobody of these roles" if role == "nobody" else ", ".join(at_least(role))
