"""How fast the service is, measured beside its peers in one run: `make bench` writes RESULTS.md."""
