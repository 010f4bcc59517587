"""Records to one OneID per person: normalisers, graph, guards, ids that stay, golden profiles."""
