"""How long the service keeps what it recorded, and the purge that ends it.

- `periods.py` is the table: what is kept, for how long, by which rule of law or of prudence.
- `rules.py` says for each line which rows are due, and that nothing still in force goes.
- `past.py` says what may have been purged, so that it is not recorded again.
- `purge.py` drops them page by page; the journal of acts records each page in the transaction that drops it.
"""
