"""Raw dumps become accepted, typed rows and quarantined rows; every line is accounted for."""
