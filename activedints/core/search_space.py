"""The sizes of search that the product offers, from a laptop's to the paper's; which of them a machine can afford is
counted in ``learn.plan``."""

from dataclasses import dataclass

from activedints.core.errors import InvalidSettings

AUTO = "auto"
"""Let the memory, the time and the speed of the machine decide."""
PAPER = "paper"
"""He et al., CVPR 2021: its search and, with channel_mul 1 and patches of 96^3, its retraining."""


@dataclass(frozen=True)
class SearchSpace:
    """One size of search: blocks x depths cells, ``channel_mul``, side of the cubic patch, batch."""

    blocks: int
    depths: int
    channel_mul: float
    side: int
    batch: int = 2
    name: str = ""

    @property
    def words(self) -> str:
        """
        >>> space_named("small").words
        '6 blocks of 3 resolutions, channel_mul 0.25, patch 48^3'
        """
        return (
            f"{self.blocks} blocks of {self.depths} resolutions, channel_mul {self.channel_mul:g}, patch {self.side}^3"
        )


SPACES = (
    SearchSpace(4, 2, 0.125, 32, name="tiny"),
    SearchSpace(6, 3, 0.25, 48, name="small"),
    SearchSpace(8, 3, 0.25, 64, name="medium"),
    SearchSpace(8, 4, 0.5, 64, name="large"),
    SearchSpace(12, 4, 0.5, 96, name=PAPER),
)
"""Each costlier than the one before; the last is the paper's."""


def space_named(name: str) -> SearchSpace:
    """One of SPACES; InvalidSettings for any other name."""
    for space in SPACES:
        if space.name == name:
            return space
    raise InvalidSettings(f"There is no search space {name!r}; name one of {list(CHOICES)}.")


CHOICES = (AUTO, *(space.name for space in SPACES))
"""What a person may ask for."""


def check_search(space: str, sigma: float) -> None:
    """Raise InvalidSettings for a space that there is not, or a memory budget outside (0, 1]."""
    if space != AUTO:
        space_named(space)
    if not 0 < sigma <= 1:
        raise InvalidSettings(f"The memory budget sigma must lie in (0, 1]; it is {sigma}.")
