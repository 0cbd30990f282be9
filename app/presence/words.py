"""Words that Microsoft has not documented so far: told once each, and counted."""

import logging

from app.presence.models import Presence, is_known_word

_LOG = logging.getLogger(__name__)

_MOST_WORDS = 100
_LONGEST_WORD = 64


class UnknownWords:
    """Remembers the first hundred unknown words, and how many readings held one.

    Such a reading is judged like any other: rules that do not know a word fall through to the last one.
    """

    def __init__(self) -> None:
        self._words: set[str] = set()
        self.readings = 0

    @property
    def words(self) -> list[str]:
        """The words, as Microsoft spelt them first."""
        return sorted(self._words)

    def note(self, presence: Presence) -> bool:
        """Take note of a reading; whether it held an unknown word."""
        said = (presence.availability, presence.activity)
        unknown = [word for word in said if not is_known_word(word)]
        self.readings += bool(unknown)
        for word in unknown:
            self._note(word[:_LONGEST_WORD])
        return bool(unknown)

    def _note(self, word: str) -> None:
        if word in self._words or len(self._words) >= _MOST_WORDS:
            return
        self._words.add(word)
        _LOG.warning(
            "Microsoft says %r, a word it has not documented: rules that do not name it fall through", word
        )
