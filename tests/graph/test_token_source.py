"""One token for everybody, and a decision when Microsoft may be asked for the next."""

import asyncio
import logging
import threading
from collections.abc import Callable
from itertools import pairwise

import pytest

from app.errors import PasswordRefused, SignInError, SignInRefused, SignInUnavailable
from app.graph.sign_in import Token
from app.graph.tokens import TokenSource
from tests.support.clock import ManualClock, settle

DOWN = SignInUnavailable("down")
REFUSED = SignInRefused("refused")
WRONG_PASSWORD = PasswordRefused("wrong password")


class SignIn:
    """Microsoft's sign-in as a switch: a fault to raise or a token to hand out."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.fault: Exception | None = None
        self.asked: list[tuple[float, bool]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.lifetime_s = 3600.0
        self._began = self.clock.monotonic()
        self.tokens = TokenSource(self._acquire, clock=self.clock)

    @property
    def asked_at(self) -> list[float]:
        """When Microsoft was asked, in seconds since the start."""
        return [moment for moment, _ in self.asked]

    async def outcome(self) -> str | type[Exception]:
        """What a caller gets right now."""
        try:
            return await self.tokens.token()
        except SignInError as error:
            return type(error)

    async def background(self) -> None:
        """Let a renewal behind the callers' backs finish."""
        await until(lambda: self.tokens._flights.running("sign-in") is None)

    async def pass_by(self, seconds: float, *, asking_every_s: float = 1.0) -> None:
        """Let time pass while callers keep coming."""
        for _ in range(int(seconds / asking_every_s)):
            self.clock.pass_by(asking_every_s)
            await self.outcome()
            await self.background()

    def _acquire(self, *, renew: bool = False) -> Token:
        self.asked.append((self.clock.monotonic() - self._began, renew))
        assert self.gate.wait(5)
        if self.fault:
            raise self.fault
        number = len(self.asked)
        return Token(f"token-{number}", self.lifetime_s, self.lifetime_s - 300)


async def until(condition: Callable[[], bool]) -> None:
    while True:
        if condition():
            return
        await asyncio.sleep(0)


async def test_fifty_callers_at_once_make_one_sign_in() -> None:
    sign_in = SignIn()
    assert set(await asyncio.gather(*(sign_in.tokens.token() for _ in range(50)))) == {"token-1"}
    assert len(sign_in.asked) == 1


@pytest.mark.parametrize("token_before", [False, True])
async def test_whoever_comes_while_a_sign_in_is_under_way_waits_for_it(*, token_before: bool) -> None:
    """At the first start, and when a token has expired during an outage."""
    sign_in = SignIn()
    if token_before:
        await sign_in.tokens.token()
        sign_in.clock.pass_by(3601)
    asked_before = len(sign_in.asked)
    sign_in.gate.clear()
    first = asyncio.create_task(sign_in.tokens.token())
    await until(lambda: len(sign_in.asked) > asked_before)
    latecomer = asyncio.create_task(sign_in.tokens.token())
    await settle()
    assert not latecomer.done()
    sign_in.gate.set()
    assert await latecomer == await first
    assert len(sign_in.asked) == asked_before + 1


async def test_fifty_callers_share_one_failure_as_well() -> None:
    sign_in = SignIn()
    sign_in.fault = DOWN
    outcomes = await asyncio.gather(*(sign_in.outcome() for _ in range(50)))
    assert set(outcomes) == {SignInUnavailable}
    assert len(sign_in.asked) == 1


async def test_a_token_is_used_as_long_as_it_is_good() -> None:
    sign_in = SignIn()
    await sign_in.pass_by(3299, asking_every_s=100)
    assert sign_in.asked_at == [100.0]


async def test_renewal_happens_behind_the_callers_backs() -> None:
    """While Microsoft takes its time, callers go on with the token that is still good."""
    sign_in = SignIn()
    await sign_in.tokens.token()
    sign_in.clock.pass_by(3301)
    sign_in.gate.clear()
    assert [await sign_in.outcome() for _ in range(3)] == ["token-1"] * 3
    await until(lambda: len(sign_in.asked) == 2)
    sign_in.gate.set()
    await sign_in.background()
    assert await sign_in.outcome() == "token-2"
    assert len(sign_in.asked) == 2


async def test_a_failing_renewal_keeps_the_token_until_it_really_expires() -> None:
    sign_in = SignIn()
    await sign_in.tokens.token()
    sign_in.fault = REFUSED
    sign_in.clock.pass_by(3301)
    await sign_in.outcome()
    await sign_in.background()
    assert sign_in.tokens.refused
    sign_in.clock.pass_by(298)
    assert await sign_in.outcome() == "token-1"
    sign_in.clock.pass_by(1)
    assert await sign_in.outcome() is SignInRefused


async def test_the_remaining_life_is_known() -> None:
    sign_in = SignIn()
    assert sign_in.tokens.expires_in_s is None
    await sign_in.tokens.token()
    sign_in.clock.pass_by(600)
    assert sign_in.tokens.expires_in_s == 3000.0


def pauses(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


@pytest.mark.parametrize(
    ("fault", "shortest_s", "longest_s"),
    [(REFUSED, 300.0, 301.0), (WRONG_PASSWORD, 900.0, 901.0)],
)
async def test_a_refusal_is_repeated_only_after_minutes(
    fault: SignInError, shortest_s: float, longest_s: float
) -> None:
    """Five minutes where a person must act, fifteen for a password, which would lock the account."""
    sign_in = SignIn()
    sign_in.fault = fault
    await sign_in.pass_by(3700, asking_every_s=1.0)
    assert pauses(sign_in.asked_at)
    assert all(shortest_s <= pause <= longest_s for pause in pauses(sign_in.asked_at))


async def test_a_passing_trouble_is_asked_about_more_and_more_rarely_but_every_thirty_seconds() -> None:
    sign_in = SignIn()
    sign_in.fault = DOWN
    await sign_in.pass_by(600, asking_every_s=0.5)
    waits = pauses(sign_in.asked_at)
    assert waits[0] <= 2.5
    assert max(waits) <= 30.5
    assert min(waits[5:]) >= 10.0


async def test_with_a_feed_that_asks_every_nine_seconds_attempts_are_still_thirty_seconds_apart() -> None:
    """The pause ends before the feed's next question, not just after it."""
    sign_in = SignIn()
    sign_in.fault = DOWN
    await sign_in.pass_by(6_000, asking_every_s=9.0)
    assert max(pauses(sign_in.asked_at)) <= 30.0


async def test_microsofts_wish_to_wait_is_kept() -> None:
    sign_in = SignIn()
    sign_in.fault = SignInUnavailable("throttled", retry_after_s=120.0)
    await sign_in.pass_by(150)
    assert pauses(sign_in.asked_at) == [120.0]


async def test_callers_are_told_what_is_left_of_the_wish_to_wait() -> None:
    """A feed that asks after 100 of 120 seconds must not wait for another 120."""
    sign_in = SignIn()
    sign_in.fault = SignInUnavailable("throttled", retry_after_s=120.0)
    await sign_in.outcome()
    sign_in.clock.pass_by(100)
    with pytest.raises(SignInUnavailable) as raised:
        await sign_in.tokens.token()
    assert (raised.value.retry_after_s or 0.0) <= 20.0


async def test_between_attempts_callers_get_the_same_error_without_microsoft_being_asked() -> None:
    sign_in = SignIn()
    sign_in.fault = REFUSED
    assert [await sign_in.outcome() for _ in range(20)] == [SignInRefused] * 20
    assert len(sign_in.asked) == 1


async def test_retry_now_asks_at_once_whatever_was_decided() -> None:
    """A changed credential or SIGHUP does not wait for fifteen minutes."""
    sign_in = SignIn()
    sign_in.fault = WRONG_PASSWORD
    await sign_in.outcome()
    sign_in.fault = None
    sign_in.tokens.retry_now()
    assert await sign_in.outcome() == "token-2"
    assert not sign_in.tokens.refused


async def test_one_record_for_a_fault_and_one_for_the_recovery(caplog: pytest.LogCaptureFixture) -> None:
    sign_in = SignIn()
    caplog.set_level(logging.INFO)
    sign_in.fault = DOWN
    await sign_in.pass_by(300)
    sign_in.fault = None
    await sign_in.pass_by(60)
    assert [(record.levelname, record.name) for record in caplog.records] == [
        ("ERROR", "app.graph.tokens"),
        ("INFO", "app.graph.tokens"),
    ]


async def test_another_fault_is_another_record(caplog: pytest.LogCaptureFixture) -> None:
    """After the secret was renewed the policy refuses: whoever reads the log learns of both."""
    sign_in = SignIn()
    sign_in.fault = SignInRefused("expired secret", aadsts=(7000222,))
    await sign_in.outcome()
    sign_in.fault = SignInRefused("conditional access", aadsts=(53003,))
    await sign_in.pass_by(301)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


# --- after a 401 ----------------------------------------------------------------------------------------


async def test_a_token_that_graph_refuses_is_replaced() -> None:
    sign_in = SignIn()
    assert await sign_in.tokens.replace(await sign_in.tokens.token()) == "token-2"
    assert [renew for _, renew in sign_in.asked] == [False, True]


async def test_a_token_is_replaced_once_a_minute_at_most() -> None:
    """If the new token is refused too, a third would not help."""
    sign_in = SignIn()
    token = await sign_in.tokens.replace(await sign_in.tokens.token())
    sign_in.clock.pass_by(60)
    assert await sign_in.tokens.replace(token) == token
    sign_in.clock.pass_by(1)
    assert await sign_in.tokens.replace(token) == "token-3"


async def test_whoever_comes_late_with_the_old_token_gets_the_new_one() -> None:
    sign_in = SignIn()
    old = await sign_in.tokens.token()
    await sign_in.tokens.replace(old)
    assert await sign_in.tokens.replace(old) == "token-2"
    assert len(sign_in.asked) == 2


async def test_all_who_were_refused_together_get_the_new_token() -> None:
    """One renewal serves the whole sweep, not only the first of its requests."""
    sign_in = SignIn()
    old = await sign_in.tokens.token()
    assert await asyncio.gather(*(sign_in.tokens.replace(old) for _ in range(8))) == ["token-2"] * 8
    assert len(sign_in.asked) == 2


async def test_a_refused_token_never_makes_a_refused_password_be_tried_again() -> None:
    """Each try counts towards the lock-out, so 401s do not shorten the fifteen minutes."""
    sign_in = SignIn()
    token = await sign_in.tokens.token()
    sign_in.fault = WRONG_PASSWORD
    for _ in range(80):
        sign_in.clock.pass_by(10)
        with pytest.raises(PasswordRefused):
            await sign_in.tokens.replace(token)
    assert len(sign_in.asked) == 2


async def test_a_failing_replacement_leaves_the_token_in_hand_and_names_the_cause() -> None:
    """The feeds then fail because of sign-in, which has told its fault already, and not because of Graph."""
    sign_in = SignIn()
    token = await sign_in.tokens.token()
    sign_in.fault = DOWN
    with pytest.raises(SignInUnavailable):
        await sign_in.tokens.replace(token)
    assert await sign_in.tokens.token() == token


async def test_the_life_of_a_token_is_counted_from_the_question() -> None:
    """Microsoft's count began before its answer was under way."""
    sign_in = SignIn()
    sign_in.gate.clear()
    caller = asyncio.create_task(sign_in.tokens.token())
    await until(lambda: len(sign_in.asked) == 1)
    sign_in.clock.pass_by(5)
    sign_in.gate.set()
    await caller
    assert sign_in.tokens.expires_in_s == 3595.0


# --- another way to sign in -----------------------------------------------------------------------------


async def test_renewal_is_a_question_to_microsoft_and_not_to_msals_memory() -> None:
    """Which would hand out the token in hand again, and keep to itself that the secret is refused."""
    sign_in = SignIn()
    await sign_in.pass_by(3_401, asking_every_s=100)
    assert [renew for _, renew in sign_in.asked] == [False, True]


async def test_another_way_that_yields_a_token_is_stayed_with() -> None:
    """Its token is used at once, and it is asked for the next."""
    sign_in, other = SignIn(), SignIn()
    other.clock = sign_in.clock
    await sign_in.tokens.token()
    await sign_in.tokens.adopt(other._acquire)
    sign_in.clock.pass_by(3_601)
    await sign_in.tokens.token()
    assert (len(sign_in.asked), len(other.asked)) == (1, 2)


async def test_another_way_that_fails_leaves_everything_as_it_was() -> None:
    """The token in hand, the fault there was, and when the next attempt is due."""
    sign_in, other = SignIn(), SignIn()
    other.fault = REFUSED
    token = await sign_in.tokens.token()
    with pytest.raises(SignInRefused):
        await sign_in.tokens.adopt(other._acquire)
    assert await sign_in.tokens.token() == token
    assert sign_in.tokens.fault is None
    sign_in.clock.pass_by(3_601)
    assert await sign_in.outcome() == "token-2"


async def test_another_way_is_tried_at_once_whatever_the_last_failure() -> None:
    sign_in, other = SignIn(), SignIn()
    sign_in.fault = WRONG_PASSWORD
    await sign_in.outcome()
    await sign_in.tokens.adopt(other._acquire)
    assert await sign_in.outcome() == "token-1"
    assert sign_in.tokens.fault is None


async def test_microsoft_is_never_asked_in_two_ways_at_once() -> None:
    """The other way waits for the sign-in under way; callers without a token wait for the other way."""
    sign_in, other = SignIn(), SignIn()
    sign_in.gate.clear()
    other.gate.clear()
    caller = asyncio.create_task(sign_in.tokens.token())
    await until(lambda: len(sign_in.asked) == 1)
    adopting = asyncio.create_task(sign_in.tokens.adopt(other._acquire))
    await settle()
    assert not other.asked
    sign_in.fault = REFUSED
    sign_in.gate.set()
    with pytest.raises(SignInRefused):
        await caller
    await until(lambda: len(other.asked) == 1)
    latecomer = asyncio.create_task(sign_in.tokens.token())
    await settle()
    other.gate.set()
    await adopting
    assert await latecomer == "token-1"
    assert len(sign_in.asked) == 1


async def test_a_caller_who_waits_for_another_way_in_vain_is_told_of_sign_in_and_not_of_it() -> None:
    sign_in, other = SignIn(), SignIn()
    sign_in.fault, other.fault = DOWN, REFUSED
    other.gate.clear()
    await sign_in.outcome()
    adopting = asyncio.create_task(sign_in.tokens.adopt(other._acquire))
    await until(lambda: len(other.asked) == 1)
    caller = asyncio.create_task(sign_in.outcome())
    await settle()
    other.gate.set()
    assert await caller is SignInUnavailable
    with pytest.raises(SignInRefused):
        await adopting


# --- callers who go, and the end ------------------------------------------------------------------------


async def test_a_cancelled_caller_does_not_stop_the_sign_in() -> None:
    sign_in = SignIn()
    sign_in.gate.clear()
    first, second = (asyncio.create_task(sign_in.tokens.token()) for _ in range(2))
    await until(lambda: len(sign_in.asked) == 1)
    first.cancel()
    sign_in.gate.set()
    assert await second == "token-1"
    assert first.cancelled()
    assert len(sign_in.asked) == 1


async def test_a_sign_in_that_everybody_gave_up_on_still_counts() -> None:
    sign_in = SignIn()
    sign_in.gate.clear()
    caller = asyncio.create_task(sign_in.tokens.token())
    await until(lambda: len(sign_in.asked) == 1)
    caller.cancel()
    sign_in.gate.set()
    await sign_in.background()
    assert await sign_in.outcome() == "token-1"
    assert len(sign_in.asked) == 1


async def test_closing_leaves_no_task_behind() -> None:
    sign_in = SignIn()
    sign_in.gate.clear()
    caller = asyncio.create_task(sign_in.tokens.token())
    await until(lambda: len(sign_in.asked) == 1)
    closing = asyncio.create_task(sign_in.tokens.close())
    await asyncio.wait({caller})
    sign_in.gate.set()
    await closing
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_even_a_mistake_of_our_own_does_not_make_us_hammer_microsoft() -> None:
    """An error nobody foresaw in the sign-in counts as a failed attempt, with a pause after it."""
    sign_in = SignIn()
    sign_in.fault = KeyError("expires_in")
    for _ in range(20):
        try:
            await sign_in.tokens.token()
        except (SignInError, KeyError):
            continue
    assert len(sign_in.asked) == 1
