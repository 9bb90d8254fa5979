"""Tells people and programs what changed: by mail and by signed webhooks."""
