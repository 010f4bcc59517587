"""The one expression language of channels, tags, audiences: parse, check, render."""
