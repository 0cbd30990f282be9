"""Which moments belong to a sweep is read from the simulator's log."""

from bench.windows import split, sweeps


def test_requests_close_together_are_one_sweep() -> None:
    assert sweeps([10.0, 10.4, 11.2, 17.0, 17.9]) == [(10.0, 11.2), (17.0, 17.9)]
    assert sweeps([]) == []


def test_the_order_of_the_log_does_not_matter() -> None:
    assert sweeps([10.4, 17.0, 10.0]) == [(10.0, 10.4), (17.0, 17.0)]


def test_latencies_are_told_apart_by_when_the_request_was_due() -> None:
    """Just before and after a sweep nobody can tell: those moments count for neither."""
    due_at, took_s = [9.0, 9.8, 10.5, 11.05, 12.0], [0.1, 0.2, 0.3, 0.4, 0.5]
    busy, quiet = split(due_at, took_s, [(10.0, 11.0)])
    assert (busy, quiet) == ([0.3, 0.4], [0.1, 0.5])
