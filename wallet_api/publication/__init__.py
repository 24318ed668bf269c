"""What the service publishes: signed lists in a tree of static files."""

from __future__ import annotations

from .publish import finish, publish, published_edition
from .state import (
    PublicationRefused,
    PublicationReport,
    PublicationState,
    PublicationUnderWay,
    points_uri,
    status_uri,
)
from .tuf_tree import newest_root

__all__ = [
    "PublicationRefused",
    "PublicationReport",
    "PublicationState",
    "PublicationUnderWay",
    "finish",
    "newest_root",
    "points_uri",
    "publish",
    "published_edition",
    "status_uri",
]
