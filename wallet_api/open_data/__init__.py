"""Aggregate figures that anybody may reuse: counted by the database, and never about few people."""
