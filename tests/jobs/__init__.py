"""Verbs as wholes: what one run of each costs, and what several of them agree on."""
