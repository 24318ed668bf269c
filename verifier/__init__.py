"""Offline verification of what a phone or a printed card shows."""
