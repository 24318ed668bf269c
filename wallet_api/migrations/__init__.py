"""Migrations of the tables, in one line of descent."""
