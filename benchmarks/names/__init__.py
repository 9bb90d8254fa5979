"""Names found: real authoritative servers behind a real recursor, with what is planted in them."""
