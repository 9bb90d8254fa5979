"""Servers that tests start: real ones from Debian, and hostile ones of our own."""
