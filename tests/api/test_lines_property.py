"""Whatever happens between two lists, they say what the long way says."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.presence.models import PersonChange
from tests.support.firm import BUSY, CALL, EVA_ID, FREE, GROUP, IDS, MAX, MAX_ID, ONE_ID, PEOPLE
from tests.support.lists import asked_one_by_one, told
from tests.support.twins import Twins

EVA, BOTH = "eva@firm.example", "both@firm.example"


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Twins, Path]]:
    """Twins, and the file their rules are in."""
    rules = tmp_path_factory.mktemp("rules") / "rules.toml"
    rules.write_text(BY_GROUP)
    twins = Twins(PEOPLE, PRESENCE_RULES_FILE=str(rules), PRESENCE_WRAP_UP="5")
    yield twins, rules
    twins.close()


BY_GROUP = f'[assign.groups]\n"{GROUP}" = "relaxed"\n'
Step = Callable[[Twins, Path], None]


def _reading(person_id: str, presence: Any, ago_s: float) -> Step:
    return lambda twins, _: twins.read({person_id: presence}, ago_s=ago_s)


def _change(person_id: str, properties: dict[str, Any]) -> Step:
    return lambda twins, _: twins.change(PersonChange(id=person_id, properties=properties))


def _regroup(members: Sequence[str]) -> Step:
    return lambda twins, _: twins.regroup(GROUP, *members)


def _pause(seconds: float) -> Step:
    return lambda twins, _: twins.clock.pass_by(seconds)


def _rules(text: str) -> Step:
    def take(twins: Twins, rules: Path) -> None:
        rules.write_text(text)
        twins.take_rules()

    return take


WHOM = st.sampled_from([MAX_ID, EVA_ID, ONE_ID])
STEPS = st.one_of(
    st.builds(_reading, WHOM, st.sampled_from([FREE, BUSY, CALL]), st.sampled_from([0.0, 0.3, 9.0])),
    st.builds(
        _change,
        WHOM,
        st.sampled_from(
            [
                *({"mail": MAX}, {"mail": EVA}, {"mail": "other@firm.example"}, {"aliases": (BOTH,)}),
                *({"account_enabled": False}, {"account_enabled": True}, {"display_name": 'N "x"'}),
            ]
        ),
    ),
    st.builds(_regroup, st.lists(WHOM, unique=True)),
    st.builds(_pause, st.sampled_from([0.2, 1.0, 4.9, 29.5, 299.0])),
    st.builds(_rules, st.sampled_from([BY_GROUP, 'default = "relaxed"\n'])),
)
ASKED = st.lists(
    st.sampled_from(
        [MAX, MAX.title(), EVA, EVA.upper(), BOTH, MAX_ID, EVA_ID, ONE_ID, "other@firm.example", "rubbish"]
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(STEPS, ASKED), min_size=1, max_size=5))
def test_whatever_happens_between_two_lists_they_say_what_the_long_way_says(
    changing: tuple[Twins, Path], *, steps: list[tuple[Step, list[str]]]
) -> None:
    """Byte by byte, whoever was asked for before; each list is asked for twice."""
    twins, rules = changing
    for tenant in twins.tenants:
        tenant.directory.replace_all(PEOPLE)
    twins.clock.pass_by(1000)
    twins.read(dict.fromkeys(IDS, FREE), ago_s=0.5)
    told(twins, MAX, EVA, BOTH, MAX_ID, EVA.upper())
    for step, users in steps:
        step(twins, rules)
        body = told(twins, *users)
        assert told(twins, *users) == body
        assert body == asked_one_by_one(twins, *users)
