"""Tags: load → check → plan → compute → wide table, catalogue, changes."""
