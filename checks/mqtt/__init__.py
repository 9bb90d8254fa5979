"""Message brokers (MQTT)."""
