"""Pure ground: strict YAML, errors, settings, table contracts, dates, the canonical tables."""
