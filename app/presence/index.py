"""From an address or a number to the people who have it: nobody, one, or several."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


class Index(dict[K, str | tuple[str, ...]]):
    """Object ids by key, in the order they came. Keys without anybody take no room, one id takes no tuple."""

    def all(self, key: K) -> tuple[str, ...]:
        """Everybody who has this key."""
        ids = self.get(key, ())
        return (ids,) if isinstance(ids, str) else ids

    def add(self, person_id: str, keys: Iterable[K]) -> None:
        """Give somebody these keys."""
        for key in keys:
            before = self.all(key)
            self[key] = (*before, person_id) if before else person_id

    def remove(self, person_id: str, keys: Iterable[K]) -> None:
        """Take these keys away from somebody who has them."""
        for key in keys:
            match [other for other in self.all(key) if other != person_id]:
                case []:
                    del self[key]
                case [other]:
                    self[key] = other
                case others:
                    self[key] = tuple(others)
