"""Backup and restore: one file that holds a whole service, of either engine, for either engine.

Why a form of our own and not the engines' programs: one file for SQLite and PostgreSQL alike, so that a service moves from
the one to the other by a backup and a restore; tables and key folder of one moment; no program of the database's version
needed; and what is read back can be checked before anybody is served by it. Its price is speed (`./run backup`).

- The tables are read in one transaction that sees one moment and blocks no writer. The key folder is copied after that
  moment, under its lock: every signer that a row names is in it.
- The passphrase is not in the file, except that of a demonstration: private keys stay encrypted. The rest (the registers'
  own keys, points, decisions, devices) lies open in it: mode 0600, to be kept encrypted.
- Published files are not in it: a restored service signs its lists again.

A restored service is younger than its own past (`past.py`): what it did after the backup is unknown to it.
"""

from __future__ import annotations

from .archive import BackupRefused
from .make import BackupReport, make_backup
from .restore import RestoreReport, restore_backup

__all__ = ["BackupRefused", "BackupReport", "RestoreReport", "make_backup", "restore_backup"]
