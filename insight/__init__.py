"""What a night looks like: distributions of tags, and the one-page HTML report."""
