"""The jobs of a night, each also a file for spark-submit, and the command line."""
