"""The one place that reads the environment: everything else is given values.

`load_settings` merges the process environment over `.env`, resolves mounted secrets and hands back one
frozen `Settings`, or a `SettingsError` that tells every problem at once and never a value.
"""

from app.config.choices import LogFormat, LogLevel, SignIn, WhenBlind
from app.config.keys import ApiKey, Scope, new_api_key
from app.config.load import load_settings
from app.config.settings import Settings
from app.config.surroundings import colours_wanted, locale_language, secret_files

__all__ = [
    "ApiKey",
    "LogFormat",
    "LogLevel",
    "Scope",
    "Settings",
    "SignIn",
    "WhenBlind",
    "colours_wanted",
    "load_settings",
    "locale_language",
    "new_api_key",
    "secret_files",
]
