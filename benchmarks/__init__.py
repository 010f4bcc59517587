"""Ratios against named peers, and how costs grow; not in the wheel."""
