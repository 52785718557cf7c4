"""What a browser passes to a public method, checked before it is used: any value can come."""

from odoo.exceptions import UserError

#: PostgreSQL's largest id.
_LARGEST = 2**31 - 1


def record_ids(env, value, most):
    """A list of ids.

    :param most: ids that it has at most
    :raise UserError: it is anything else
    """
    if not isinstance(value, list | tuple) or not all(map(_is_id, value)):
        raise UserError(env._("This request is not valid. Reload the page."))
    if len(value) > most:
        raise UserError(env._("Choose %s at most.", most))
    return list(dict.fromkeys(value))


def record_id(env, value):
    """One id, or None where there is none.

    :raise UserError: it is anything else
    """
    if value is None or value is False:
        return None
    [one] = record_ids(env, [value], 1)
    return one


def mapping(env, value):
    """A dictionary.

    :raise UserError: it is anything else
    """
    if not isinstance(value, dict):
        raise UserError(env._("This request is not valid. Reload the page."))
    return value


def _is_id(value):
    # A bool is an int, too.
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST
