"""What is wrong, what that means and what to click: for `teams-presence check` and for `/health`."""
