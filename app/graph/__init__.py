"""Where it comes from: Microsoft's sign-in host and Microsoft Graph, as typed Python."""
