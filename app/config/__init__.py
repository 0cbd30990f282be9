"""The one place that reads the environment: everything else is given values.

`load_settings` merges the process environment over `.env`, resolves mounted secrets and hands back one
frozen `Settings`, or a `SettingsError` that tells every problem at once and never a value. A `SettingsSource`
remembers where all that came from, and reads it again.
"""

from app.config.choices import LogFormat, LogLevel, SignIn, WhenBlind
from app.config.keys import ApiKey, Scope, new_api_key
from app.config.load import load_settings
from app.config.settings import Settings
from app.config.source import API_KEYS, CREDENTIALS, LIVE, SettingsSource, changed
from app.config.surroundings import colours_wanted, locale_language, secret_files

__all__ = [
    "API_KEYS",
    "CREDENTIALS",
    "LIVE",
    "ApiKey",
    "LogFormat",
    "LogLevel",
    "Scope",
    "Settings",
    "SettingsSource",
    "SignIn",
    "WhenBlind",
    "changed",
    "colours_wanted",
    "load_settings",
    "locale_language",
    "new_api_key",
    "secret_files",
]
