"""Mutated inputs by the million, against an oracle that knows what each may and must lead to."""
