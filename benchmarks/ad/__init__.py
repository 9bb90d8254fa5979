"""The two Python clients of the directory benchmark, each in a process of its own."""
