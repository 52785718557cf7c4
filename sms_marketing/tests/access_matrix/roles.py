"""The roles, and what a user of each is a member of."""

#: {role: group}
ROLES = {
    "public": "base.group_public",
    "portal": "base.group_portal",
    "internal": "base.group_user",
    "sales": "sales_team.group_sale_salesman",
    "user": "sms_marketing.group_user",
    "manager": "sms_marketing.group_manager",
    "administrator": "sms_marketing.group_administrator",
}

LETTERS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}

#: The roles of Marketing SMS, each of which has all rights of the one before.
_OURS = ("user", "manager", "administrator")

_LEAST = {
    "nobody": (),
    "internal": ("internal", "sales", *_OURS),
    "sales": ("sales", *_OURS),
    "contacts": ("sales", "manager", "administrator"),
    "user": _OURS,
    "manager": _OURS[1:],
    "administrator": _OURS[2:],
}


def at_least(role):
    """The roles that may do what needs this one.

    :param role: ``nobody``; ``contacts``: whoever may change contacts; else a role
    """
    return _LEAST[role]
