"""The corpus of the fuzzers, replayed."""
