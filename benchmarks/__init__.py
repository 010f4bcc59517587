"""Measurements against named peers: `make bench`. They print ratios; tests check, these measure."""
