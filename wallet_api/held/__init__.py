"""What the service holds about a person, for that person: told whole (RGPD 15 and 20), erased where the law allows (17).

- `catalogue.py` says of every table whether it is about people, by which column, and what of it is told to nobody.
- `tell.py` gathers the rows; `erase.py` drops those that nothing obliges to keep, and says of the rest why and until when.
"""
