"""Whether a sudden loss of many people is believed: a broken listing must not empty the directory."""

_MOST_PEOPLE = 50
_LARGEST_SHARE = 0.2
_BELIEVED_AFTER = 3


def is_mass_loss(lost: int, *, of: int) -> bool:
    """Whether losing `lost` of `of` people is more than everyday change: over 50 and over a fifth."""
    return lost > _MOST_PEOPLE and lost > _LARGEST_SHARE * of


class LossGuard:
    """Keeps a mass loss out until three rounds in a row have lost the same people, or a person approves.

    An approval covers whoever is missing at that moment; others who vanish later are judged anew.
    """

    def __init__(self) -> None:
        self._suspected: frozenset[str] = frozenset()
        self._approved: frozenset[str] = frozenset()
        self._times = 0

    def believes(self, lost: frozenset[str], *, of: int) -> bool:
        """Judge one finished round, which would lose these of `of` people."""
        self._times = self._times + 1 if lost == self._suspected else 1
        self._suspected = lost
        if self._times < _BELIEVED_AFTER and is_mass_loss(len(lost - self._approved), of=of):
            return False
        self._suspected = self._approved = frozenset()
        return True

    def approve(self) -> None:
        """Believe the loss that is kept out now, if there is one, in the next round."""
        self._approved = self._suspected
