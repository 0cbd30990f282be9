"""Teams presence API: is this colleague free in Microsoft Teams, answered from memory."""

__version__ = "0.1.0"
