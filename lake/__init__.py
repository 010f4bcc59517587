"""Everything that touches tables and files of the lake: sessions, Delta, paths, run records."""
