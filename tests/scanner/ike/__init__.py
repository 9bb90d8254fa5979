"""IKE codec."""
