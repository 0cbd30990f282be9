"""What we know: the people of one tenant, their presence, and what it means. Pure and synchronous."""
