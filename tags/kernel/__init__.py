"""Tags in this process: a person's rows in order, of which every window is a range."""
