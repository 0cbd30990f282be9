"""Who lives in the tenant: any number of people from a seed, the same ones every time."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from . import names
from .directory import Person
from .phones import business_phones, mobile_phone

DOMAIN = "contoso.example"
ALIAS_DOMAIN = "contoso-group.example"
INITIAL_DOMAIN = "contoso.onmicrosoft.com"
SHARED_ADDRESS = f"vertrieb@{DOMAIN}"
_SHARERS = (5, 6)
_ENOUGH_TO_SHARE = 10
_FEWEST_OTHERS = 2
_FIRST_PHONES = {"businessPhones": ["+49 30 5550-1000"], "mobilePhone": "+49 151 55501000"}
_FAMOUS = (("Max", "Muster", "de"), ("Erika", "Mustermann", "de"), ("Jean", "Dupont", "fr"))
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def invent_people(*, held: int, seed: int) -> list[Person]:
    """So many enabled members, plus two in a hundred guests and as many disabled accounts on top."""
    register = _Register(seed)
    others = max(_FEWEST_OTHERS, held // 50)
    people = [register.member(index, shares=held >= _ENOUGH_TO_SHARE) for index in range(held)]
    people += [register.guest(index) for index in range(others)]
    return people + [register.disabled(held + index) for index in range(others)]


def seeded_guid(seed: int, what: str) -> str:
    """A version 4 GUID that is the same for the same seed."""
    return str(UUID(int=Random(f"{seed}/{what}").getrandbits(128), version=4))


@dataclass(slots=True)
class _Register:
    """Gives out names and sees to it that no address is given twice by accident."""

    seed: int
    taken: set[str] = field(default_factory=set)

    def member(self, index: int, *, shares: bool) -> Person:
        return self._resident(Random(self.seed * 1_000_003 + index), index=index, shares=shares)

    def disabled(self, index: int) -> Person:
        person = self._resident(Random(f"{self.seed}/disabled/{index}"), index=index, shares=False)
        person.properties["accountEnabled"] = False
        return person

    def _resident(self, rng: Random, *, index: int, shares: bool) -> Person:
        first, last, language = self._name(rng, index)
        properties = self._member_properties(rng, first=first, last=last, language=language, index=index)
        if shares and index in _SHARERS:
            properties["proxyAddresses"].append(f"smtp:{SHARED_ADDRESS}")
        return Person(str(UUID(int=rng.getrandbits(128), version=4)), properties)

    def guest(self, index: int) -> Person:
        rng = Random(f"{self.seed}/guest/{index}")
        first, last, _ = self._name(rng, index + len(_FAMOUS))
        mail = f"{self._local(first, last)}@{rng.choice(names.GUEST_DOMAINS)}"
        upn = f"{mail.replace('@', '_')}#EXT#@{INITIAL_DOMAIN}"
        properties = {
            **_described(first, last),
            "mail": mail,
            "userPrincipalName": upn,
            "userType": "Guest",
            "accountEnabled": True,
            "proxyAddresses": [f"SMTP:{mail}"],
            "otherMails": [mail],
            "businessPhones": [],
        }
        return Person(str(UUID(int=rng.getrandbits(128), version=4)), properties)

    def _name(self, rng: Random, index: int) -> tuple[str, str, str]:
        if index < len(_FAMOUS):
            return _FAMOUS[index]
        language = rng.choices(("de", "fr", "en"), (6, 2, 2))[0]
        return rng.choice(names.FIRST_NAMES[language]), rng.choice(names.SURNAMES[language]), language

    def _local(self, first: str, last: str) -> str:
        """The part before the at sign: `first.last`, numbered when somebody has it already."""
        plain = f"{_ascii(first)}.{_ascii(last)}"
        local, number = plain, 1
        while local in self.taken:
            number += 1
            local = f"{plain}{number}"
        self.taken.add(local)
        return local

    def _member_properties(
        self, rng: Random, *, first: str, last: str, language: str, index: int
    ) -> dict[str, Any]:
        local = self._local(first, last)
        mail = None if index % 40 == 7 else f"{local}@{DOMAIN}"  # noqa: PLR2004 - some of them
        upn = _upn(local, index)
        properties = {
            **_described(first, last),
            "userPrincipalName": upn,
            "userType": "Member",
            "accountEnabled": True,
            "mailNickname": local,
            "jobTitle": rng.choice(names.JOB_TITLES),
            "officeLocation": rng.choice(names.OFFICES),
            "preferredLanguage": {"de": "de-DE", "fr": "fr-FR", "en": "en-GB"}[language],
            "businessPhones": business_phones(rng, language=language, index=index),
            "proxyAddresses": []
            if mail is None
            else list(self._proxies(rng, mail=mail, local=local, upn=upn)),
        }
        mobile = mobile_phone(rng, language=language, index=index)
        optional = {"mail": mail, "mobilePhone": mobile}
        properties.update((name, value) for name, value in optional.items() if value)
        return properties | (_FIRST_PHONES if index == 0 else {})

    def _proxies(self, rng: Random, *, mail: str, local: str, upn: str) -> Iterator[str]:
        """The primary in capitals, then aliases, then what Exchange and Teams leave there."""
        yield f"SMTP:{mail}"
        first, _, last = local.partition(".")
        short = f"{first[0]}.{last}"
        if short not in self.taken:
            self.taken.add(short)
            yield f"smtp:{short}@{DOMAIN}"
        if rng.random() < 0.5:  # noqa: PLR2004 - some of them
            yield f"smtp:{local}@{ALIAS_DOMAIN}"
        yield f"sip:{upn}"
        if rng.random() < 0.1:  # noqa: PLR2004 - some of them
            yield f"x500:/o=ExchangeLabs/ou=Exchange Administrative Group/cn={rng.getrandbits(64):x}"


def _upn(local: str, index: int) -> str:
    """Mostly the mail address; sometimes the tenant's first domain or a personnel number."""
    if index % 7 == 4:  # noqa: PLR2004 - some of them
        return f"{local}@{INITIAL_DOMAIN}"
    return f"u{index:05d}@{DOMAIN}" if index % 11 == 9 else f"{local}@{DOMAIN}"  # noqa: PLR2004 - some of them


def _described(first: str, last: str) -> dict[str, Any]:
    return {"displayName": f"{first} {last}", "givenName": first, "surname": last}


@cache
def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.translate(_GERMAN)).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum() or letter == "-")
