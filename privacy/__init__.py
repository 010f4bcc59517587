"""People's data guarded: tokens, seals and masks, computed only inside tasks."""
