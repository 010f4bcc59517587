"""People made up by hash, with truth, over seven channels: the world that OneID is measured in."""
