"""The paragraph about a hit adds up, and names whose code it is."""

import cProfile
import json
import re

import pytest

from bench.calls import paragraph
from bench.layers import layer_of, shares_of
from bench.machine import Machine
from bench.processes import ROOT
from bench.results import Peer, Results


def test_a_layer_is_our_file_or_somebody_elses_package() -> None:
    assert layer_of(str(ROOT / "app" / "api" / "keys.py")) == "app/api/keys.py"
    assert layer_of("/somewhere/site-packages/fastapi/routing.py") == "fastapi"
    assert layer_of("/somewhere/site-packages/single.py") == "single"
    assert layer_of("/somewhere/python3.11/uuid.py") == "the standard library"


def test_the_bench_itself_is_not_part_of_a_hit() -> None:
    assert not layer_of(str(ROOT / "bench" / "inside.py"))
    assert not layer_of("~")


def test_the_shares_of_a_profile_are_a_whole() -> None:
    profile = cProfile.Profile()
    profile.enable()
    for number in range(200):
        json.loads(json.dumps({"number": list(range(number))}))
    profile.disable()
    shares = shares_of(profile)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert next(iter(shares)) == "the standard library"


def test_the_parts_of_a_hit_are_its_whole() -> None:
    results = Results(machine=Machine(cores=2, processor="", python="", libraries={}), date="")
    results.peers = [
        Peer(name="bare", title="", per_s=[40_000.0], share=[1.0], busy=[1.0]),
        Peer(name="hit", title="", per_s=[25_000.0], share=[0.6], busy=[1.0]),
    ]
    results.call_us = {"bare": [1.0], "hit": [20.0]}
    text = paragraph(results, {"fastapi": 0.5, "app/api/keys.py": 0.3, "uuid": 0.19, "tiny": 0.01})
    assert "A hit costs 40.0 µs of the server's core, the bare server's constant 25.0." in text
    assert "20.0 µs of it are sockets, parser and uvicorn" in text
    parts = text.partition("profiler's shares: ")[2]
    assert parts == "fastapi 10.0 µs, `app/api/keys.py` 6.0 µs, uuid 3.8 µs, everything else 0.2 µs."
    assert sum(map(float, re.findall(r"([\d.]+) µs", parts))) == pytest.approx(20.0)
