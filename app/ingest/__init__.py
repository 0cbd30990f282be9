"""What keeps it current: the loops that sweep presence and people, and the tenant they belong to."""
