"""Leases: rows by which one process at a time does what must be done by one, across processes and machines.

- Only the database's clock is read, so the clocks of the machines may differ as they like: there is no skew to bound.
  What remains is a database that moves to a server whose clock differs by some seconds: a lease then lasts as much
  longer or shorter. Nothing that is safe rests on it, see the next line.
- Each taking raises the lease's fencing number. Whoever was overtaken finds another number in the row when it confirms,
  and the row stays locked while it acts on a good answer: an old holder can delay, it can never act late.
- A holder renews three times in the life of a lease; one that dies is followed after `LP_LEASE_SECONDS` at most.
"""

from __future__ import annotations

from .hold import Held, LeaseLost, LeaseOccupied, hold
from .store import LeaseRow, find_lease, hold_up

__all__ = ["Held", "LeaseLost", "LeaseOccupied", "LeaseRow", "find_lease", "hold", "hold_up"]
