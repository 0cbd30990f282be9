"""Every error this service raises, in one tree.

    PresenceError
    ├── SettingsError          a setting is missing, misspelt or contradicts another
    ├── RulesError             a rules file cannot be used
    ├── SnapshotError          what is known cannot be written to disk
    ├── SnapshotUnusable       what an earlier process has written is of no use to this one
    ├── RoundHangs             a round of background work is stuck inside the service
    ├── SignInError            Microsoft's sign-in host gave no token
    │   ├── SignInUnavailable      it could not be asked, or is in trouble itself: try again
    │   └── SignInRefused          it said no: a person must act
    │       └── PasswordRefused        it said no to the password: trying again locks the account
    ├── GraphError             Microsoft Graph gave no usable answer
    │   ├── GraphUnavailable       unreachable, timed out, 5xx
    │   ├── GraphThrottled         429: wait
    │   ├── GraphUnauthorized      401: the token was not accepted
    │   ├── PermissionMissing      403: a permission is not granted
    │   ├── GroupMissing           a group that the settings name is not in the tenant
    │   ├── GraphRejected          400: the request itself was refused
    │   ├── DeltaExpired           the delta link is no longer valid: list everybody anew
    │   ├── RoundOverdue           answers again and again, and no end of them
    │   └── UnexpectedAnswer       not what the documentation promises, in status or in shape
    └── CallerError            the caller cannot have what was asked for
        ├── MalformedRequest       not a request we can read
        ├── UnsupportedBody        a body of another type than JSON
        ├── BodyTooLarge           a body beyond the limit
        ├── HeadTooLarge           an address and headers beyond the limit
        ├── TooSlow                a request that does not arrive
        ├── TooManyRequests        more than this key may ask: wait
        ├── Overloaded             too much is being sent by all callers together: wait
        ├── KeyRefused             no key, or not one of ours
        ├── KeyNotAllowed          a key of ours, but not for this, or not from there
        ├── WrongHost              asked under a name that is not ours
        ├── CrossSiteRequest       sent by a web page of another site
        ├── UserNotFound           nobody held has this address
        ├── UserAmbiguous          several people have this address
        └── NotReadYet             the person or the directory has not been read so far

Each leaf carries `code`, one machine-readable word. A foreign error is translated once, where it enters,
with its cause kept; no message ever holds a secret.
"""

from typing import ClassVar


class PresenceError(Exception):
    """The root: `str()` of it is one sentence fit for an operator."""

    code: ClassVar[str] = "presence_error"


class SettingsError(PresenceError):
    """The settings cannot be used; the message names the variable and the fix, never a value."""

    code = "settings"


class RulesError(PresenceError):
    """A rules file cannot be used; the message names the file, the line if there is one, and the reason."""

    code = "rules"


class SnapshotError(PresenceError):
    """What is known cannot be written to disk: full, read-only, or no folder."""

    code = "snapshot"


class SnapshotUnusable(PresenceError):
    """The snapshot is damaged, too old, or somebody else's; the message says which."""

    code = "snapshot_unusable"


class RoundHangs(PresenceError):
    """A round of background work has not got on for long, and not because of Microsoft."""

    code = "round_hangs"


class SignInError(PresenceError):
    """No token could be had; `aadsts` and `oauth` hold Microsoft's numbers and word where it gave any."""

    code = "sign_in"

    def __init__(
        self,
        message: str,
        *,
        aadsts: tuple[int, ...] = (),
        oauth: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.aadsts = aadsts
        self.oauth = oauth
        self.retry_after_s = retry_after_s


class SignInUnavailable(SignInError):
    """The sign-in host could not be asked or is in trouble; trying again may help."""

    code = "sign_in_unavailable"


class SignInRefused(SignInError):
    """The sign-in host refused the credentials; only a person can change that."""

    code = "sign_in_refused"


class PasswordRefused(SignInRefused):
    """The user's password was refused; every further try counts towards a lock-out."""

    code = "password_refused"


class GraphError(PresenceError):
    """Microsoft Graph gave no usable answer; `status` is its HTTP status where it gave one."""

    code = "graph"

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.status = status


class GraphUnavailable(GraphError):
    """Graph is unreachable, too slow or answers 5xx."""

    code = "graph_unavailable"


class GraphThrottled(GraphError):
    """Graph answered 429; `retry_after_s` holds its wish, where it gave one."""

    code = "graph_throttled"


class GraphUnauthorized(GraphError):
    """Graph did not accept the token."""

    code = "graph_unauthorized"


class PermissionMissing(GraphError):
    """Graph answered 403: a permission is missing or a policy forbids the call."""

    code = "permission_missing"


class GroupMissing(GraphError):
    """A group that the settings name does not exist in this tenant."""

    code = "group_missing"


class GraphRejected(GraphError):
    """Graph refused the request itself (400)."""

    code = "graph_rejected"


class DeltaExpired(GraphError):
    """The delta link is no longer valid; a full listing starts over."""

    code = "delta_expired"


class MassRemoval(GraphError):
    """A round would lose so many people that it is kept out until it proves true."""

    code = "mass_removal"


class RoundOverdue(GraphError):
    """Graph answers again and again, but the round has not got on for long."""

    code = "round_overdue"


class UnexpectedAnswer(GraphError):
    """Graph, or something in between, answered what the documentation does not know."""

    code = "unexpected_answer"


class CallerError(PresenceError):
    """The caller cannot have what was asked for, and the message says why."""

    code = "caller"


class MalformedRequest(CallerError):
    """The request cannot be read as what it should be."""

    code = "malformed_request"


class UnsupportedBody(CallerError):
    """The body is of another type than JSON."""

    code = "unsupported_body"


class BodyTooLarge(CallerError):
    """The body is larger than the service reads."""

    code = "body_too_large"


class HeadTooLarge(CallerError):
    """Address and headers are larger than the service reads."""

    code = "head_too_large"


class TooSlow(CallerError):
    """The request did not arrive in time."""

    code = "too_slow"


class TooManyRequests(CallerError):
    """This key has asked too often; `retry_after_s` later it may again."""

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Overloaded(CallerError):
    """The service holds as much for other callers as it may; `retry_after_s` later there may be room."""

    code = "overloaded"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class KeyRefused(CallerError):
    """The request carries no key, or none that is known."""

    code = "key_refused"


class KeyNotAllowed(CallerError):
    """The key is known, but does not open this, or not from this network."""

    code = "key_not_allowed"


class CrossSiteRequest(CallerError):
    """A web page of another site has sent the request."""

    code = "cross_site"


class WrongHost(CallerError):
    """The request names a host that this service does not answer for."""

    code = "wrong_host"


class UserNotFound(CallerError):
    """Nobody held has this address."""

    code = "user_not_found"


class UserAmbiguous(CallerError):
    """Several held people have this address."""

    code = "user_ambiguous"


class NotReadYet(CallerError):
    """The person, or the whole directory, has not been read from Microsoft so far."""

    code = "not_read_yet"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
