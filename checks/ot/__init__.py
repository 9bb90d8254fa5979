"""Industrial and building automation, by its port alone."""
