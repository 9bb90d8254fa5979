"""HL7 over MLLP, by its port alone."""
