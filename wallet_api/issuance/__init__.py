"""Issuing: reserve, record, sign, check, hand out."""
