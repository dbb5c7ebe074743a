"""Who looks at a page."""

from dataclasses import dataclass

from ujumbe.domain.role import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who looks at a page. `name` is what lists of who did what call them."""

    user: int | None
    """The id of who signed in; None in `ujumbe dev`, where nobody has to."""
    name: str
    role: Role
    masked: bool = False
    """Whether numbers are masked for them."""

    def may(self, needed: Role) -> bool:
        """Whether they may do what `needed` may."""
        return self.role.covers(needed)


DEVELOPER = Viewer(None, "developer", Role.ADMIN)
"""Whoever opens a page of `ujumbe dev`: it answers only on this machine."""
