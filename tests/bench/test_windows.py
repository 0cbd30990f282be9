"""Which moments belong to a sweep is read from the simulator's log."""

from bench.windows import split, sweeps, typical_p99, whole_p99


def test_requests_close_together_are_one_sweep() -> None:
    assert sweeps([10.0, 10.4, 11.2, 17.0, 17.9]) == [(10.0, 11.2), (17.0, 17.9)]
    assert sweeps([]) == []


def test_the_order_of_the_log_does_not_matter() -> None:
    assert sweeps([10.4, 17.0, 10.0]) == [(10.0, 10.4), (17.0, 17.0)]


def test_latencies_are_told_apart_by_when_the_request_was_due() -> None:
    """Just before and after a sweep nobody can tell: those moments count for neither."""
    due_at, took_s = [9.0, 9.8, 10.5, 11.05, 12.0], [0.1, 0.2, 0.3, 0.4, 0.5]
    busy, quiet = split(due_at, took_s, [(10.0, 11.0)])
    assert busy == [(10.5, 0.3), (11.05, 0.4)]
    assert quiet == [(9.0, 0.1), (12.0, 0.5)]


def test_a_moment_in_which_the_machine_stood_still_is_not_taken_for_the_servers() -> None:
    """Two seconds at 4,000 requests a second; in one quarter of a second everybody waited."""
    moments = [number / 4000 for number in range(8000)]
    latencies = [(due, 0.05 if 1.0 <= due < 1.25 else 0.001) for due in moments]
    assert typical_p99(latencies) == 0.001
    assert whole_p99(latencies) == 0.05


def test_what_slows_one_request_in_fifty_all_the_time_is_the_servers() -> None:
    latencies = [(number / 4000, 0.02 if number % 50 == 0 else 0.001) for number in range(8000)]
    assert typical_p99(latencies) == whole_p99(latencies) == 0.02


def test_few_requests_are_one_slice() -> None:
    assert typical_p99([(0.1, 0.001), (0.9, 0.003)]) == 0.003
