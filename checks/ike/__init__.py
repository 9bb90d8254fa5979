"""Judgements on IKE responders (IPsec)."""
