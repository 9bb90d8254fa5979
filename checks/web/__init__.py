"""Web sites: what they tell browsers, and what they leave lying about."""
