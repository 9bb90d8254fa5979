"""The parts of the report, one module each: a run in, views out."""
