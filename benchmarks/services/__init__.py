"""Real servers and recorded answers as services: who names more, and what probes do to them."""
