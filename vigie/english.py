"""The help of the command line in English, by its French text."""

ENGLISH: dict[str, str] = {}
