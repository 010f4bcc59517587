"""The quality gate: checks written in YAML, judged by great-expectations before a night goes on."""
