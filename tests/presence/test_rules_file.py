"""The rules file: what can be said in it, and what is said back when it cannot be used."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import RulesError
from app.presence.models import Person, Presence
from app.presence.rules_file import MAX_BYTES, parse_rules

GUIDE = Path(__file__).parents[2] / "docs" / "rules.md"
MAX = Person(id="11111111-1111-4111-8111-111111111111", mail="max@firm.example")
FILE = """\
default = "sales"

[assign.people]
"Max@firm.example" = "relaxed"

[assign.groups]
"c0ffee00-1111-4222-8333-444455556666" = "strict"

[[sets.sales]]
name = "talking"
activity = [
    "InACall",
    "inAConferenceCall",
]
state = "busy"
reachable = 0

[[sets.sales]]
name = "rest"
state = "free"
reachable = true
"""


def refusal(text: str | bytes) -> str:
    """What is said about a file that cannot be used."""
    with pytest.raises(RulesError) as caught:
        parse_rules(text.encode() if isinstance(text, str) else text)
    return str(caught.value)


def test_the_example_in_the_guide_is_a_rules_file() -> None:
    """Somebody will copy it."""
    example = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(example) == 1
    book = parse_rules(example[0].encode())
    assert (book.default, list(book.sets)) == ("sales", ["strict", "relaxed", "sales"])
    assert (len(book.people), len(book.groups)) == (2, 1)
    said = book.named("sales").judge(Presence(availability="Busy", activity="Busy"))
    assert (said.state, said.reachable, said.rule) == ("free", True, "there")
    assert book.named("strict").judge(Presence(availability="x", activity="x")).reachable


def test_a_file_says_who_is_judged_by_which_set() -> None:
    book = parse_rules(FILE.encode())
    assert book.for_person(MAX).name == "relaxed"
    assert book.for_person(Person(id="x")).name == "sales"
    assert book.group_ids == {"c0ffee00-1111-4222-8333-444455556666"}
    calling = Presence(availability="Busy", activity="InAConferenceCall")
    assert book.named("sales").judge(calling).rule == "talking"


def test_windows_line_ends_and_a_byte_order_mark_make_no_difference() -> None:
    data = b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode()
    assert parse_rules(data).default == "sales"
    assert refusal(FILE.replace("= true", '= "1"').replace("\n", "\r\n")).startswith("rules.toml line 21: ")


def test_sets_may_be_written_in_any_way_toml_knows() -> None:
    """The line is found all the same."""
    inline = '[sets]\nmine = [{name = "a", state = "free", reachable = 1}]\n'
    assert "mine" in parse_rules(inline.encode()).sets
    assert refusal(inline.replace("= 1", "= 2")) == 'rules.toml line 2: "reachable" must be true or false.'
    dotted = "\nassign.people.\"max@firm.example\" = 'relaxt'"
    assert refusal(dotted).startswith("rules.toml line 2: ")


@pytest.mark.parametrize(
    ("was", "becomes", "line", "reason"),
    [
        (
            'default = "sales"',
            'default = "sale"',
            1,
            "there is no such set: there are strict, relaxed, sales",
        ),
        ("default", "defualt", 1, "did you mean default"),
        ("default =", "default", 1, "this is not TOML"),
        ('"sales"', '"sales', 1, "this is not TOML"),
        ('"Max@firm.example"', '"Max"', 4, "this is nobody's address"),
        ('= "relaxed"', '= "relaxt"', 4, "there is no such set"),
        ('= "relaxed"', '= "relaxed"\n"max@firm.example" = "strict"', 5, "has a set already"),
        ("c0ffee00-", "coffee-", 7, "a group is named by its object id"),
        ("[assign.groups]", "[assign.teams]", 6, "there are people, groups"),
        ('name = "talking"', 'name = "in a call"', 10, "a name is 1 to 64"),
        ('name = "talking"', 'name = "wrap-up"', 10, "what the service itself says"),
        ('    "InACall"', '    "InACal"', 11, "did you mean InACall"),
        ('    "InACall"', '    "*"', 11, "stands alone"),
        ('    "InACall"', "    7", 11, "is a word, a list of words"),
        ("reachable = 0", 'reachable = "no"', 16, '"reachable" must be true or false'),
        ("reachable = 0", "reachable = 2", 16, '"reachable" must be true or false'),
        ("reachable = 0", "reachable = 0.0", 16, '"reachable" must be true or false'),
        ("reachable = 0", "reacheable = 0", 16, "did you mean reachable"),
        ('state = "busy"', 'state = "ringing"', 15, "is one of free, busy, dnd, away, offline, unknown"),
        ('state = "busy"\n', "", 9, 'this row lacks "state"'),
        ('name = "rest"', 'name = "rest"\nactivity = "Busy"', 18, "must match everything"),
        ('name = "rest"', 'name = "rest"\nactivity = []', 20, "is a word, a list of words"),
        ("activity = [", "other = [", 11, "this key means nothing here"),
        ("sets.sales", "sets.strict", 9, "is built in"),
        ('[[sets.sales]]\nname = "rest"', '[sets.other]\nname = "rest"', 9, "must match everything"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_reason(
    was: str, becomes: str, line: int, reason: str
) -> None:
    said = refusal(FILE.replace(was, becomes))
    assert said.startswith(f"rules.toml line {line}: "), said
    assert reason in said


def test_a_row_that_can_never_count_is_told() -> None:
    """It stands behind one that matches everything."""
    greedy = re.sub(r"activity = \[.*?\]\n", "", FILE, flags=re.DOTALL)
    assert "no row behind it ever counts" in refusal(greedy)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "rules.toml is empty."),
        (b" \n\n", "rules.toml is empty."),
        (b"a = 1\nb = \xff\n", "rules.toml line 2: this is not UTF-8"),
        (b"x = " + b"[" * 20_000, "rules.toml is nested too deeply"),
        (b"x = " + b"9" * 5_000, "rules.toml is nested too deeply, or holds a number"),
        (b"#" * (MAX_BYTES + 1), "rules.toml is larger than 1 MiB."),
        (b"x = '''" + b"\n" * 5_000 + b"'''", "this key means nothing here"),
    ],
)
def test_what_is_no_rules_file_at_all_is_told_as_plainly(data: bytes, said: str) -> None:
    assert said in refusal(data)


def test_a_large_file_with_a_mistake_at_its_end_is_refused_in_reasonable_time() -> None:
    row = '[[sets.{0}]]\nname = "a"\nstate = "free"\nreachable = 1\n'
    text = "".join(row.format(f"s{number}") for number in range(15_000)) + "mistake = 1\n"
    started_at = time.monotonic()
    assert refusal(text).startswith("rules.toml line 60001: ")
    elapsed_s = time.monotonic() - started_at
    print(f"{len(text)} bytes refused in {elapsed_s:.2f} s")
    assert elapsed_s < 20


def outcome(data: bytes) -> str:
    try:
        parse_rules(data)
    except RulesError as error:
        return str(error)
    return ""


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_rules_error(data: bytes) -> None:
    assert "\n" not in outcome(data)


WORDS = st.sampled_from(["default", "sets", "assign", "people", "groups", "sales", "strict", "name", "state"])
VALUES = st.recursive(
    st.sampled_from(
        ['"strict"', '"sales"', '"*"', '"Busy"', "1", "true", "1979-05-27", "nan", '"a@b"', '""']
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(WORDS, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        ),
    ),
    max_leaves=8,
)
HEADERS = st.sampled_from(
    ["[sets]", "[[sets.sales]]", "[assign.people]", "[assign]", '["sets".x.y]', "[[a]]"]
)
LINES = st.one_of(
    st.builds("{} = {}".format, WORDS, VALUES), HEADERS, st.just("[[sets.sales]]"), st.just("# x")
)


@given(st.lists(LINES, max_size=12).map("\n".join))
def test_no_toml_raises_anything_but_a_rules_error_whose_line_exists(text: str) -> None:
    said = outcome(text.encode())
    line = re.match(r"rules\.toml line (\d+): ", said)
    assert not line or 1 <= int(line[1]) <= len(text.split("\n"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '[[sets.a]]\nname = "a"\nstate = "free"\nreachable = 1\nactivity = "Busy"\n' * 201,
            "line 1001: a set",
        ),
        (
            "[assign.groups]\n"
            + "".join(f'"c0ffee00-1111-4222-8333-{number:012}" = "strict"\n' for number in range(501)),
            "line 1: at most 500 groups",
        ),
    ],
)
def test_what_every_answer_would_have_to_look_at_is_bounded(text: str, reason: str) -> None:
    """The rows of one set, and the groups that have one (found D4)."""
    assert reason in refusal(text)
