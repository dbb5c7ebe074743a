"""What a person who signs in may do."""

from enum import StrEnum


class Role(StrEnum):
    """Each may do what those before it may, and more."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Whether somebody in this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


MEANING = {
    Role.VIEWER: "looks at everything, changes nothing",
    Role.OPERATOR: "sends, answers, and handles opt-outs, messages and subscriptions",
    Role.ADMIN: "does all of that, and sees to rules, webhooks, keys and people",
}
