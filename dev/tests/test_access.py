"""docs/access.md says what the tables say that the tests try."""

from dev import access


def test_page_is_printed_from_the_tables():
    assert access.PAGE.read_text(encoding="utf-8") == access.text(), (
        "docs/access.md is not what its tables say: print it anew with `make access`."
    )
