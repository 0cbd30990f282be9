"""The settings that are a choice of words, named so that a part can compare and not spell."""

from enum import StrEnum


class SignIn(StrEnum):
    """As whom the service signs in: as itself, or as a user with a password."""

    APP = "app"
    DELEGATED = "delegated"


class WhenBlind(StrEnum):
    """What a phone system is told about somebody whose presence is too old to be used."""

    LAST = "last"
    UNKNOWN = "unknown"
    REACHABLE = "reachable"


class LogFormat(StrEnum):
    """For machines or for people."""

    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least severe record that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
