"""What a browser passes to a public method, checked before it is used: any value can come."""

from odoo.exceptions import UserError

#: PostgreSQL's largest id.
_LARGEST = 2**31 - 1


def record_ids(env, value, most):
    """A list of ids.

    :param most: ids that it has at most
    :raise UserError: it is anything else
    """
    if not all(map(_is_id, as_list(env, value, most))):
        raise UserError(env._("This request is not valid. Reload the page."))
    return list(dict.fromkeys(value))


def as_list(env, value, most):
    """A list, of whatever.

    :raise UserError: it is anything else, or longer
    """
    if not isinstance(value, list | tuple):
        raise UserError(env._("This request is not valid. Reload the page."))
    if len(value) > most:
        raise UserError(env._("Choose %s at most.", most))
    return value


def record_id(env, value):
    """One id, or None where there is none.

    :raise UserError: it is anything else
    """
    if value is None or value is False:
        return None
    [one] = record_ids(env, [value], 1)
    return one


def words(env, value, longest=200):
    """A short text, or None where there is none.

    :raise UserError: it is anything else
    """
    if value is None or value is False:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise UserError(env._("This request is not valid. Reload the page."))
    return value


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
