"""Management controllers over IPMI."""
