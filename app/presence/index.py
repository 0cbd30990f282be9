"""From an address or a number to the people who have it: nobody, one, or several."""

from collections.abc import Iterable


class Index:
    """Object ids by key, in the order they came. Keys without anybody take no room, one id no tuple."""

    def __init__(self) -> None:
        self._ids: dict[str, str | tuple[str, ...]] = {}

    def get(self, key: str) -> tuple[str, ...]:
        """Everybody who has this key."""
        ids = self._ids.get(key, ())
        return (ids,) if isinstance(ids, str) else ids

    def only(self, key: str) -> str | None:
        """The one who has this key; None for nobody and for several."""
        ids = self._ids.get(key)
        return ids if isinstance(ids, str) else None

    def add(self, person_id: str, keys: Iterable[str]) -> None:
        """Give somebody these keys."""
        for key in keys:
            before = self.get(key)
            self._ids[key] = (*before, person_id) if before else person_id

    def remove(self, person_id: str, keys: Iterable[str]) -> None:
        """Take these keys away from somebody who has them."""
        for key in keys:
            match [other for other in self.get(key) if other != person_id]:
                case []:
                    del self._ids[key]
                case [other]:
                    self._ids[key] = other
                case others:
                    self._ids[key] = tuple(others)
