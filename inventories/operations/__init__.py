"""From an operations file to its types; one module per section."""
