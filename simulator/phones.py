"""Phone numbers as people really type them: one number, many notations."""

from random import Random

HOTLINE = "+49 30 5550-0"
_FIXED = {
    "de": (
        "+49 30 5550-{n}",
        "+49305550{n}",
        "(030) 5550 {n}",
        "030/5550{n}",
        "+49 (0)30 5550-{n}",
        "0049 30 5550 {n}",
        "030 5550-{n}",
        "+49 30 5550-0 ext. {n}",
    ),
    "fr": (
        "+33 4 72 55 {a} {b}",
        "04 72 55 {a} {b}",
        "04.72.55.{a}.{b}",
        "+33 (0)4 7255{n}",
        "tel:+33472 55{n}",
    ),
    "en": (
        "+44 113 496 {n}",
        "(0113) 496 {n}",
        "0113 496{n}",
        "+44113496{n};ext=7",
        "+44 113 496 0000 x{n}",
    ),
}
_MOBILE = {
    "de": ("+49 151 5550{n}", "0151/5550{n}", "+49 (151) 5550 {n}"),
    "fr": ("+33 6 39 98 {a} {b}", "06.39.98.{a}.{b}"),
    "en": ("+44 7700 90{n}", "07700 90{n}"),
}


def business_phones(rng: Random, *, language: str, index: int) -> list[str]:
    """Nobody, one or two numbers; every fiftieth person also answers the shared hotline."""
    own = [_fill(rng.choice(_FIXED[language]), index)] if rng.random() < 0.85 else []  # noqa: PLR2004 - some of them
    return [*own, HOTLINE] if index % 50 == 8 else own  # noqa: PLR2004 - some of them


def mobile_phone(rng: Random, *, language: str, index: int) -> str | None:
    """Two thirds have one."""
    return _fill(rng.choice(_MOBILE[language]), index) if rng.random() < 0.66 else None  # noqa: PLR2004 - some of them


def _fill(pattern: str, index: int) -> str:
    number = str(1000 + index)
    return pattern.format(n=number, a=number[-4:-2], b=number[-2:])
