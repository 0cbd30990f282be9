"""A fake Microsoft: the sign-in host and Microsoft Graph for one invented tenant, with switches for trouble.

It is written from Microsoft's documentation, not from the client that it is used to test.
"""
