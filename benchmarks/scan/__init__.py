"""The whole scan of the demo region: against nmap, against the truth, against its own caps."""
