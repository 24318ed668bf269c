"""Exercises of what must go well the first time: today the compromise of a document signer.

- `crowd.py` is a fictitious registry of any size, `phones.py` the phones of its people, without a network between.
- `compromise.py` burns the signer, publishes, issues again, publishes again, and asks a terminal at each step.
"""
