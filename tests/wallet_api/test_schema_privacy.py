"""No table holds who somebody is: not by the names of its columns, and not in what a service writes through its life."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import MetaData, UniqueConstraint, select

from credentials.spec import DocumentType
from tests.wallet_api.citizens import Citizen, take_both
from tests.wallet_api.conftest import approve
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api.publication.run import publish_now
from wallet_api.registries.adapters import HOLDER_CARD, HOLDER_LICENCE
from wallet_api.registries.fictitious import PEOPLE, FictitiousRights

pytestmark = pytest.mark.postgres
# Words of a column's name that would tell who somebody is, or where.
TELLING = re.compile(
    r"(?:^|_)(?:name|names|surname|given|family|birth|born|nir|neph|licence|license|insured|beneficiary|sex|gender|address|"
    r"street|city|postcode|mail|email|phone|telephone|portrait|photo|face|nationality|sub|subject_name)(?:_|$)"
)
HARMLESS = {("lease", "name")}  # what a lease is for
NOBODY_S = {
    "nonce",
    "dpop_proof",
    "alembic_version",
}  # freshness of protocols, and the revision of the tables


@pytest.fixture
def found(service) -> MetaData:
    """The tables as the database itself describes them."""
    schema = MetaData()
    with service.database.read() as connection:
        schema.reflect(connection)
    return schema


def test_no_column_is_for_who_somebody_is(found):
    """Names, NIR, NEPH, licence numbers, births, addresses: the registries know, the service asks."""
    telling = {
        (table.name, column.name)
        for table in found.sorted_tables
        for column in table.columns
        if TELLING.search(column.name)
    }
    assert telling == HARMLESS


@pytest.mark.parametrize(
    "name", ["family_name", "nir", "insured_nir", "neph", "licence_number", "birth_date", "email"]
)
def test_scan_would_see(name):
    """The test above can fail."""
    assert TELLING.search(name)


def test_authority_comes_first_in_every_key_that_the_database_has(found):
    """Primary, unique and foreign keys, on both ends: authorities can be spread over machines."""
    for table in found.sorted_tables:
        if table.name in NOBODY_S:
            continue
        keys = [table.primary_key, *(one for one in table.constraints if isinstance(one, UniqueConstraint))]
        keys += [index for index in table.indexes if index.unique]
        for key in keys:
            assert next(iter(key.columns)).name == "authority_id", (table.name, key.name)
        for foreign in table.foreign_key_constraints:
            first = foreign.elements[0]
            assert (first.parent.name, first.column.name) == ("authority_id", "authority_id"), table.name


def test_rows_of_a_whole_life_tell_nobody(
    client, service, clock, offer, licence_authority, supervisor, keys_of_roles
):
    """Two documents taken up, points lost, a suspension, a revocation by two, lists: no row repeats the registries."""
    phone = SimulatedWallet(client, clock)
    card = take_both(phone, offer, "camille")
    phone.get("driving_licence.proof.cbor")
    card.get("vitale_card.care.cbor")
    citizen = Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))
    assert citizen.get("/me/points")
    document_id = _licence_of(service)
    assert licence_authority.withdraw(document_id, 3, "D-1").status_code == 201
    path = f"/authority/licences/{document_id}"
    assert licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"}).status_code == 201
    body = {"decision_reference": "R-1", "subject": "document"}
    assert approve(supervisor, licence_authority.post(f"{path}/revocations", body)).status_code == 201
    publish_now(service)
    written = "\n".join(_written(service))
    assert document_id in written
    told = {one for one in _known(service) if one.lower() in written}
    assert told == set()


def _licence_of(service) -> str:
    reference = PEOPLE["camille"].references[DocumentType.DRIVING_LICENCE]
    with service.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT document_id, registry_reference FROM document").all()
    return next(row[0] for row in rows if row[1] == reference)


def _written(service) -> Iterator[str]:
    """Every value of every row, in small letters; bytes as text and as hexadecimal digits."""
    with service.database.read() as connection:
        schema = MetaData()
        schema.reflect(connection)
        for table in schema.sorted_tables:
            for row in connection.execute(select(table)):
                for value in row:
                    if isinstance(value, bytes | memoryview):
                        yield bytes(value).decode("utf-8", "replace").lower()
                        yield bytes(value).hex()
                    else:
                        yield str(value).lower()


def _known(service) -> set[str]:
    """What the registries know of Camille that tells who she is, in several spellings."""
    references = PEOPLE["camille"].references
    licence = service.licences.find(references[DocumentType.DRIVING_LICENCE], HOLDER_LICENCE)
    rights = FictitiousRights().find(references[DocumentType.VITALE_CARD], HOLDER_CARD, 0)
    birth = licence.birth_date
    plain = {
        licence.family_name,
        *licence.given_names.split(),
        licence.neph,
        licence.licence_number,
        rights.insured_nir.value[:13],
        f"{birth.year:04}-{birth.month:02}-{birth.day:02}",
    }
    return plain | {one.encode().hex() for one in plain} | {json.dumps(one)[1:-1] for one in plain}
