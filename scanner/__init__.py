"""From the network to observations."""
