"""No rules file takes long to refuse: parsing has no end of its own, and nothing could stop it."""

import time

import pytest

from app.errors import RulesError
from app.presence.rules_file import parse_rules

COSTLY = {
    "a key of many parts": ".".join("a" * 20_000) + " = 1",
    "the same behind five quotes": 'x = {a = """b""""", ' + "c." * 20_000 + "c = 1}",
    "the same behind four quotes": "x = {a = '''b'''', " + "c." * 20_000 + "c = '''1'''}",
    "the same behind a quote that is escaped": r'x = {a = "\\\"", ' + "c." * 20_000 + 'c = "1"}',
    "quoted parts with blanks": " . ".join(['"a b"'] * 2_000) + " = 1",
    "a header of many parts": "[" + "a." * 2_000 + "a]",
    "keys of a hundred parts": "\n".join(f"k{n}." + "a." * 100 + "b = 1" for n in range(4_000)),
    "rows": "[[sets.own]]\n" * 50_000,
    "tables within tables": "a = " + "{a = " * 100_000,
    "lists within lists": "a = " + "[" * 500_000,
    "a statement of long lines, then a fault": "x = [\n" + ("1," * 2_500 + "\n") * 190 + "]\n",
    "words": "[[sets.own]]\nactivity = [" + '"InACal",' * 100_000 + "]\n",
    "nothing but quotes": '"' * 1_000_000,
    "strings that never end": "'" + "'''x" * 200_000,
    "backslashes": 'a = "' + "\\" * 900_000,
}


def refusal(text: str) -> str:
    """What is said about a file that cannot be used."""
    with pytest.raises(RulesError) as caught:
        parse_rules(text.encode())
    return str(caught.value)


@pytest.mark.parametrize("costly", COSTLY)
def test_no_file_within_the_limits_takes_long_to_refuse(costly: str) -> None:
    """In seconds of the processor's time, whatever else the machine does (found D4)."""
    began = time.process_time()
    assert "rules.toml" in refusal(COSTLY[costly])
    assert time.process_time() - began < 15


def test_only_what_is_a_key_is_counted() -> None:
    """An address may have as many dots as it likes, and a comment says anything."""
    address = "m" + ".m" * 30 + "@firm.example"
    text = f'# {"a." * 50}\n[assign.people]\n"{address}" = "strict" # {"[[" * 30_000}\n'
    assert address in parse_rules(text.encode()).people


def test_the_line_beyond_a_limit_is_named() -> None:
    """Counted through strings of several lines."""
    long_key = "a." * 9 + "b = 1"
    assert refusal(f'x = """\n\n"""\n\n{long_key}').endswith("line 5: a key has at most 8 parts.")
