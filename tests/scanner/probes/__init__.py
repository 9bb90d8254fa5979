"""Each probe against real and hostile servers."""
