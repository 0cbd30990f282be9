"""What is timed as a sweep is a sweep: afterwards everybody is what Graph said."""

from bench.sweep_cost import PEOPLE, People, Swept


async def test_a_sweep_brings_everybody_and_then_those_who_have_changed() -> None:
    swept, people = Swept(), People()
    await swept.sweep(people.bodies())
    before = [people.availability(number) for number in range(PEOPLE)]
    assert all(swept.knows(one, before[number]) for number, one in enumerate(people.ids))
    people.move_some()
    assert await swept.sweep(people.bodies()) > 0
    after = [people.availability(number) for number in range(PEOPLE)]
    assert all(swept.knows(one, after[number]) for number, one in enumerate(people.ids))
    assert sum(old != new for old, new in zip(before, after, strict=True)) <= PEOPLE // 100


async def test_answers_in_ever_another_order_say_the_same() -> None:
    swept, people = Swept(), People(mixed=True)
    assert people.bodies() != people.bodies()
    for _ in range(2):
        people.move_some()
        await swept.sweep(people.bodies())
    assert all(swept.knows(one, people.availability(number)) for number, one in enumerate(people.ids))


def test_one_in_a_hundred_changes_all_over_the_tenant() -> None:
    people = People()
    before = people.bodies()
    people.move_some()
    after = people.bodies()
    assert before.keys() == after.keys()
    assert not [first for first, body in before.items() if after[first] == body]
