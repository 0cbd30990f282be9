"""From an address or a number to the people who have it: nobody, one, or several."""

from collections.abc import Iterable


class Index:
    """Object ids by key, in the order they came. Keys without anybody take no room."""

    def __init__(self) -> None:
        self._ids: dict[str, tuple[str, ...]] = {}

    def get(self, key: str) -> tuple[str, ...]:
        """Everybody who has this key."""
        return self._ids.get(key, ())

    def add(self, person_id: str, keys: Iterable[str]) -> None:
        """Give somebody these keys."""
        for key in keys:
            self._ids[key] = (*self._ids.get(key, ()), person_id)

    def remove(self, person_id: str, keys: Iterable[str]) -> None:
        """Take these keys away from somebody who has them."""
        for key in keys:
            others = tuple(other for other in self._ids[key] if other != person_id)
            if others:
                self._ids[key] = others
            else:
                del self._ids[key]
