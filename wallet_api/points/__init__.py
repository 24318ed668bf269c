"""The ledger of points (Code de la route L223-1 and following)."""
