"""Registries from which documents are filled: adapters, and the fictitious people of a demonstration."""
