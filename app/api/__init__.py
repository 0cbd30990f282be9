"""Who asks: the routes, the door in front of them, and what a caller is told when something is wrong."""
