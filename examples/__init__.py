"""Generators of demo data; run by make, not part of the wheel."""
