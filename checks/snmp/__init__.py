"""SNMP engines."""
