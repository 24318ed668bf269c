"""Lives, caps and notice times of keys, each with its origin. All windows begin and end at 00:00 UTC.

A number appears here once; the service and the tests import it.
"""

from __future__ import annotations

from typing import Final

from credentials.spec import Role
from credentials.trust_list import Caps
from credentials.views import VIEW_SPECS, View

DAY: Final = 86_400  # seconds

# Decisions, section 7: what a thief of one signer can have made, and what must be issued again, stays bounded.
SIGNER_LIFE_DAYS: Final = 30
SIGNATURE_CAP: Final = 1_000_000

# Decisions, section 7: a terminal may work 30 days without a network, so what it must accept is known 31 days ahead.
ANNOUNCEMENT_DAYS: Final = 31

# With lives of 30 days and an announcement of 31, one announced signer alone would be a day too young to succeed
# the active one. So two wait: the next in line, and the standby that nobody uses before the need.
ANNOUNCED_SIGNERS: Final = 2

# A certificate must cover the longest wait (two lives and the announcement) and the life that follows.
ANNOUNCED_WINDOW_DAYS: Final = 2 * SIGNER_LIFE_DAYS + ANNOUNCEMENT_DAYS + SIGNER_LIFE_DAYS

# Lists reach a terminal together with the trust list that names their signers: no announcement is needed, and their
# blast radius ends with the next sync. A year of re-signing 7,000 lists every hour is 61 million signatures.
LIST_SIGNER_LIFE_DAYS: Final = 366
LIST_SIGNER_CAP: Final = 100_000_000

# Reader keys: three months of use, then the grace of decisions section 5 (a phone offline for a month).
READER_KEY_LIFE_DAYS: Final = 92
READER_KEY_GRACE_DAYS: Final = 31

# Roots: one year as in threats.md section 7 for the update repository; the domain roots are pinned in phones and
# terminals, so they outlive several titles' credentials.
DOMAIN_ROOT_LIFE_DAYS: Final = 5 * 365 + 1
TUF_ROOT_LIFE_DAYS: Final = 366
TUF_ROOT_RENEWAL_DAYS: Final = 92  # signed again when less than this is left
TUF_METADATA_LIFE_DAYS: Final = 31  # decisions, section 7: a mirror or a USB stick serves a month

# Caps on `exp` - `iat` per view (decisions, sections 4 and 7): 14 days on a phone, 180 days on paper.
PHONE_CAP_SECONDS: Final = 14 * DAY
PAPER_CAP_SECONDS: Final = 180 * DAY
# An ended signer stays listed as long as one of its credentials can be shown, and the announcement time more.
LISTED_AFTER_END_DAYS: Final = 180 + ANNOUNCEMENT_DAYS

# Signatures are counted on disk in blocks: a crash forgets no signature, it counts at most one block too many.
COUNT_BLOCK: Final = 1_000

# The library's PEM encryption derives its key with 2,048 rounds, which a short phrase does not survive.
PASSPHRASE_MIN_BYTES: Final = 20


def life_days(role: Role) -> int:
    """Days between the activation of a signer of this role and its planned end."""
    return SIGNER_LIFE_DAYS if role is Role.CREDENTIAL else LIST_SIGNER_LIFE_DAYS


def signature_cap(role: Role) -> int:
    """How many signatures one signer of this role may make."""
    return SIGNATURE_CAP if role is Role.CREDENTIAL else LIST_SIGNER_CAP


def caps_of(view: View) -> Caps:
    """The longest life of a credential of this view, on a phone and on paper (0 where no paper form exists)."""
    return Caps(PHONE_CAP_SECONDS, PAPER_CAP_SECONDS if VIEW_SPECS[view].paper else 0)


def day_start(instant: int) -> int:
    """00:00 UTC of the day that holds `instant`."""
    return instant - instant % DAY
