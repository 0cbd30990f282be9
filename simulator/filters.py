"""`$filter` as the directory understands it ("Use the $filter query parameter", "user resource type")."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .graph_errors import bad_request, unsupported_query

Test = Callable[[Mapping[str, Any]], bool]
MOST_ALTERNATIVES = 15
FILTERABLE = frozenset(
    (
        "accountEnabled",
        "department",
        "displayName",
        "givenName",
        "id",
        "jobTitle",
        "mail",
        "mailNickname",
        "mobilePhone",
        "proxyAddresses",
        "surname",
        "userPrincipalName",
        "userType",
    )
)
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z_][\w/]*|[(),:])")
_BY_LOWER_NAME = {name.lower(): name for name in FILTERABLE}
_CONSTANTS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: the test itself, and what decides whether the caller may ask it."""

    test: Test
    properties: frozenset[str]
    is_advanced: bool


def parse_filter(text: str, *, most_alternatives: int = MOST_ALTERNATIVES) -> Filter:
    """Parse, or raise the directory's 400."""
    parser = _Parser(_tokens(text), text)
    test = parser.alternatives()
    if parser.tokens:
        raise parser.error()
    if parser.alternatives_seen > most_alternatives:
        raise unsupported_query(
            "Too many child clauses specified in search filter expression containing 'OR' operators: "
            f"{parser.alternatives_seen}. Max allowed: {most_alternatives}."
        )
    return Filter(test, frozenset(parser.properties), parser.is_advanced)


def _tokens(text: str) -> list[str]:
    """Tokens in reverse, so that the next one is popped from the end."""
    found, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise bad_request(f"Invalid filter clause: {text}")
        found.append(match.group(1))
        position = match.end()
    return found[::-1]


@dataclass(slots=True)
class _Parser:
    """Recursive descent, one method per level of the grammar."""

    tokens: list[str]
    text: str
    properties: set[str] = field(default_factory=set)
    is_advanced: bool = False
    alternatives_seen: int = 1

    def error(self) -> Exception:
        return bad_request(f"Invalid filter clause: {self.text}", code="Request_BadRequest")

    def alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self._accept("or"):
            self.alternatives_seen += 1
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else lambda values: any(test(values) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._unary()]
        while self._accept("and"):
            tests.append(self._unary())
        return tests[0] if len(tests) == 1 else lambda values: all(test(values) for test in tests)

    def _unary(self) -> Test:
        if self._accept("not"):
            self.is_advanced = True
            inner = self._unary()
            return lambda values: not inner(values)
        if self._accept("("):
            inner = self.alternatives()
            self._expect(")")
            return inner
        return self._term()

    def _term(self) -> Test:
        word = self._take()
        if word.lower() in ("startswith", "endswith"):
            return self._function(word.lower())
        if word.endswith("/any"):
            return self._any(self._property(word.removesuffix("/any")))
        return self._comparison(self._property(word))

    def _function(self, function: str) -> Test:
        self._expect("(")
        name = self._property(self._take())
        self._expect(",")
        return self._matches(name, function, self._literal(closing=True))

    def _any(self, name: str) -> Test:
        """`any(p:p eq 'x')` and `any(p:startsWith(p,'x'))`, on a collection."""
        self._expect("(")
        variable = self._take()
        self._expect(":")
        function = self._take().lower()
        if function == variable.lower():
            self._expect("eq")
            return self._member(name, "eq", self._literal(closing=True))
        self._expect("(")
        self._expect(variable)
        self._expect(",")
        wanted = self._literal(closing=True)
        self._expect(")")
        return self._member(name, function, wanted)

    def _comparison(self, name: str) -> Test:
        operator = self._take().lower()
        if operator == "in":
            return self._one_of(name)
        if operator not in ("eq", "ne"):
            raise self.error()
        wanted = self._literal()
        if operator == "eq":
            return lambda values: _folded(values.get(name)) == wanted
        self.is_advanced = True
        return lambda values: _folded(values.get(name)) != wanted

    def _one_of(self, name: str) -> Test:
        self._expect("(")
        wanted = [self._literal()]
        while self._accept(","):
            wanted.append(self._literal())
        self._expect(")")
        self.alternatives_seen = max(self.alternatives_seen, len(wanted))
        return lambda values: _folded(values.get(name)) in wanted

    def _matches(self, name: str, function: str, wanted: Any) -> Test:
        self.is_advanced |= function == "endswith"
        compare = _FUNCTIONS[function]
        return lambda values: compare(_folded(values.get(name)) or "", wanted)

    def _member(self, name: str, function: str, wanted: Any) -> Test:
        compare = _FUNCTIONS.get(function)
        if compare is None:
            raise self.error()
        return lambda values: any(compare(member.lower(), wanted) for member in values.get(name) or ())

    def _property(self, word: str) -> str:
        name = _BY_LOWER_NAME.get(word.lower())
        if name is None:
            raise unsupported_query(
                f"Unsupported or invalid query filter clause specified for property '{word}'."
            )
        self.properties.add(name)
        return name

    def _literal(self, *, closing: bool = False) -> Any:
        """A constant in lower case, because the directory compares without regard to case."""
        word = self._take()
        if closing:
            self._expect(")")
        if word.startswith("'"):
            return word[1:-1].replace("''", "'").lower()
        if word not in _CONSTANTS:
            raise self.error()
        return _CONSTANTS[word]

    def _accept(self, word: str) -> bool:
        if self.tokens and self.tokens[-1].lower() == word.lower():
            self.tokens.pop()
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self.error()

    def _take(self) -> str:
        if not self.tokens:
            raise self.error()
        return self.tokens.pop()


_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": str.__eq__,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
