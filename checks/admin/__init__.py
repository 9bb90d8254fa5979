"""Administration interfaces."""
