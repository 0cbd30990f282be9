"""The words of the domain: a person, a presence, and what both look like at this moment."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from sys import intern
from typing import Any, Protocol

import msgspec

UNKNOWN_WORD = "PresenceUnknown"

# Every word that Microsoft's pages have used so far (old and new lists, which contradict each other).
_WORDS = {
    word.lower(): word
    for word in (
        *("Available", "AvailableIdle", "AvailableInactive", "Away", "BeRightBack", "Busy", "BusyIdle"),
        *("DoNotDisturb", "Focusing", "InACall", "InAConferenceCall", "InAMeeting", "Inactive"),
        *("Offline", "OffWork", "OutOfOffice", "Presenting", "UrgentInterruptionsOnly", UNKNOWN_WORD),
    )
}


def canonical_word(word: str | None) -> str:
    """Microsoft's word in PascalCase whatever case it came in; one never seen before passes untouched.

    The pages disagree about the case (`presence` resource type: lower camel; `getPresencesByUserId`: Pascal).
    """
    return _WORDS.get(word.lower(), word) if word else UNKNOWN_WORD


def is_known_word(word: str) -> bool:
    """Whether Microsoft has documented this word, in whatever case it comes."""
    return word.lower() in _WORDS


def likely_word(word: str) -> str | None:
    """Microsoft's word that an unknown one is probably a misspelling of."""
    close = get_close_matches(word.lower(), _WORDS, n=1, cutoff=0.85)
    return _WORDS[close[0]] if close else None


class State(StrEnum):
    """What a presence means for somebody who wants to call."""

    FREE = "free"
    BUSY = "busy"
    DND = "dnd"
    AWAY = "away"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """How a reading reached us."""

    SWEEP = "sweep"
    DEMAND = "demand"
    SNAPSHOT = "snapshot"


class Freshness(StrEnum):
    """How far a reading may be trusted."""

    FRESH = "fresh"
    STALE = "stale"
    BLIND = "blind"


class Removal(StrEnum):
    """Why a delta round says somebody is gone (Microsoft: *Use delta query*, `@removed.reason`)."""

    RESTORABLE = "changed"
    FINAL = "deleted"


Numbers = int | tuple[int, ...]
"""Phone numbers by their digits in E.164, which never begin with a zero. One alone takes no tuple: nearly
everybody has one, and text in a tuple would take three times the room."""


class Person(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One account of the directory, with every address and number it can be asked for by."""

    id: str
    display_name: str | None = None
    mail: str | None = None
    user_principal_name: str | None = None
    aliases: tuple[str, ...] = ()
    business_phones: Numbers = ()
    mobile_phone: int | None = None
    account_enabled: bool | None = None
    user_type: str | None = None
    deleted: bool = False

    @property
    def email(self) -> str | None:
        """The address to show: mail, else the user principal name."""
        return self.mail or self.user_principal_name

    @property
    def held(self) -> bool:
        """Whether presence is kept for this account; a withheld property counts in its favour."""
        return self.account_enabled is not False and not self.guest and not self.deleted

    @property
    def guest(self) -> bool:
        """Whether the account belongs to another organisation."""
        return (self.user_type or "").lower() == "guest"

    def thrifty(self) -> "Person":
        """The same with each text kept once: one address usually stands in three places, and is a key.

        Aliases, which are never shown, are kept in the form of a key.
        """
        texts = {text: text for text in (self.user_principal_name, self.mail) if text}
        principal = self.user_principal_name
        return msgspec.structs.replace(
            self,
            user_principal_name=principal and texts[principal],
            aliases=tuple(texts.get(alias, alias) for alias in map(comparable, self.aliases)),
            user_type=self.user_type and intern(self.user_type),
        )

    def addresses(self) -> set[str]:
        """Every address of this account, ready to be compared: no copy of what an alias has already."""
        spelt = (*self.aliases, self.user_principal_name, self.mail)
        return {comparable(address) for address in spelt if address}

    def numbers(self) -> tuple[int, ...]:
        """Every phone number of this account once, the one to show first."""
        business = self.business_phones
        several = (business,) if isinstance(business, int) else business
        return tuple(dict.fromkeys(filter(None, (*several, self.mobile_phone))))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """What a listing or a delta round says about one account.

    `properties` holds only what Microsoft mentioned, by `Person`'s names: absent means unchanged,
    None means set to null.
    """

    id: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    removal: Removal | None = None


class Presence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What Teams says about one person (Microsoft: *presence resource type*), words in PascalCase."""

    availability: str
    activity: str
    out_of_office: bool | None = None
    status_message: str | None = None
    sequence_number: str | None = None


UNKNOWN_PRESENCE = Presence(availability=UNKNOWN_WORD, activity=UNKNOWN_WORD)


class Reading(Protocol):
    """What was read about somebody, in whatever form it came. Equal ones say the same of the same person."""

    @property
    def person_id(self) -> str:
        """Whom it is about, in whatever letter case that was told."""

    @property
    def presence(self) -> Presence:
        """What it says, made when asked for: most readings say what the one before has said."""

    def lasting(self, person_id: str) -> "Reading":
        """An equal one of this person's, made to be kept: without anything of its own that others have."""


class Told(msgspec.Struct, frozen=True, gc=False):
    """A reading in our own words; of somebody who was left out it says that nothing is known."""

    person_id: str
    presence: Presence = UNKNOWN_PRESENCE

    def lasting(self, person_id: str) -> "Told":  # noqa: ARG002 - as every reading
        """Itself: there is nothing to be shared."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What we can say about a person's presence at one moment, and how far to trust it.

    `age_s`, `observed_at` and `source` are None when there is no value to date: the service is blind.
    `since_call_s` counts from the reading that showed the end of a call, where one was seen; `held_back` is
    the activity that Microsoft reports while the debounce still shows the one before.
    """

    presence: Presence
    freshness: Freshness
    age_s: float | None = None
    observed_at: datetime | None = None
    changed_at: datetime | None = None
    source: Source | None = None
    since_call_s: float | None = None
    held_back: str | None = None

    @property
    def stale(self) -> bool:
        """Whether a caller must be told that this may no longer be so."""
        return self.freshness is not Freshness.FRESH


NOTHING_KNOWN = Sighting(presence=UNKNOWN_PRESENCE, freshness=Freshness.BLIND)


def comparable(address: str) -> str:
    """An address in the form that is compared: composed (NFC) and lower case.

    Not `casefold`: it would make `strauß@` and `strauss@`, which are two mailboxes, one.
    One that is in this form already is given back itself, not copied: it takes room as a key once more.
    """
    if address.isascii() and address.islower():
        return address
    return unicodedata.normalize("NFC", address.lower())
