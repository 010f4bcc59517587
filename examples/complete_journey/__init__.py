"""A retailer of six channels, made of two public data sets. README.md says what is real."""
