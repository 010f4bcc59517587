"""Pure ground: strict YAML, errors, settings, table contracts, business dates, the canonical tables."""
