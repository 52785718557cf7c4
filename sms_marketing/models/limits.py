"""A spent limit of tests or codes in words: what the limit is, and when there is room again."""

from datetime import timedelta

from odoo.tools import format_datetime

from ..engine.throttle import LIMITS


def in_words(env, spent):
    """Two sentences for the user who ran into a limit.

    :param spent: ``engine.throttle.Spent``
    """
    most = LIMITS[spent.subject].most
    # To the next full minute: nothing smaller is shown.
    until = (spent.until + timedelta(minutes=1)).replace(second=0, microsecond=0)
    return env._(
        "%(limit)s You can try again at %(moment)s.",
        limit=_limit(env, spent.subject, most, spent.key),
        moment=format_datetime(env, until, dt_format="short"),
    )


def _limit(env, subject, most, key):
    match subject:
        case "test_user":
            return env._("You can send up to %s tests a minute.", most)
        case "test_user_day":
            return env._("You can send up to %s tests in 24 hours.", most)
        case "test_number":
            return env._(
                "%(number)s can receive up to %(most)s tests a minute.", number=key, most=most
            )
        case "test_number_day":
            return env._(
                "%(number)s can receive up to %(most)s tests in 24 hours.", number=key, most=most
            )
        case "test_company_day":
            return env._("Your company can send up to %s tests in 24 hours.", most)
        case "code_user":
            return env._("You can request up to %s codes an hour.", most)
        case "code_user_day":
            return env._("You can request up to %s codes in 24 hours.", most)
        case "code_number":
            return env._(
                "%(number)s can receive up to %(most)s codes an hour; the last one may still be "
                "valid.",
                number=key,
                most=most,
            )
        case "code_number_day":
            return env._(
                "%(number)s can receive up to %(most)s codes in 24 hours.", number=key, most=most
            )
        case "code_opted_out":
            return env._("%s has opted out, so it can receive only one code in 24 hours.", key)
        case "code_range_day":
            return env._(
                "Numbers that begin with %(range)s can receive up to %(most)s codes in 24 hours.",
                range=key,
                most=most,
            )
        case _:
            return env._("Your company can send up to %s codes in 24 hours.", most)
