"""NetBIOS."""
