"""Compact JWS and base64url: one text for one message."""

from __future__ import annotations

import base64
import contextlib
import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials import strict_json
from credentials.errors import Malformed, TooLarge, Unsupported
from credentials.jws import Jws, b64url_decode, b64url_encode, compact, parse_compact, read_header

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


@given(st.binary(max_size=200))
def test_base64url_comes_back_and_agrees_with_the_standard_library(data):
    """Both ways, without padding."""
    text = b64url_encode(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert b64url_decode(text) == data


def test_every_short_text_has_one_meaning_or_none():
    """All texts of up to three characters of the alphabet: read exactly when writing the bytes gives the text back."""
    for size in (0, 1, 2, 3):
        for characters in itertools.product(ALPHABET, repeat=size):
            text = "".join(characters)
            try:
                data = b64url_decode(text)
            except Malformed:
                padded = text + "=" * (-len(text) % 4)
                assert size == 1 or b64url_encode(base64.urlsafe_b64decode(padded)) != text
            else:
                assert b64url_encode(data) == text


@pytest.mark.parametrize(
    "character", ["=", "+", "/", " ", "\n", "\r", "\t", ".", "~", "\x00", "é", "\u0661", "\uff21", "\ud800"]
)
def test_foreign_characters_are_refused_anywhere(character):
    """The standard library drops them silently; we do not."""
    for text in (
        character + "AAA",
        "AA" + character + "A",
        "AAA" + character,
        "AAAA" + character,
        "QQ" + character * 2,
    ):
        with pytest.raises(Malformed) as refusal:
            b64url_decode(text)
        assert character not in str(refusal.value).replace(" ", "").replace(".", "") or character in " ."


JWS = Jws(b'{"alg":"ES256"}', b'{"a":1}', b"s" * 64)


def test_compact_comes_back():
    """parse_compact(compact(j)) == j, and the signature covers the first two segments of the text."""
    text = compact(JWS)
    assert parse_compact(text) == JWS
    assert text.rpartition(".")[0].encode() == JWS.signing_input


def test_signing_input_is_that_of_rfc_7515():
    """Appendix A.3, the ES256 example."""
    jws = Jws(
        b'{"alg":"ES256"}',
        b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}',
        b"",
    )
    assert jws.signing_input == (
        b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.b",
        "QQ.QQ",
        "QQ.QQ.QQ.QQ",
        "QQ.QQ.QQ.",
        ".QQ.QQ.QQ",
        "QQ.QQ.QQ~",
        "QQ.QQ.Q",
        '{"payload":""}',
    ],
)
def test_other_shapes_are_refused(text):
    """Two or four segments, five of an encrypted one, the JSON serialisation, a rest of an SD-JWT."""
    with pytest.raises(Malformed):
        parse_compact(text)


def test_every_change_of_a_character_changes_the_message_or_is_refused():
    """No two texts for one message, over all characters and places of a compact text."""
    text = compact(Jws(b'{"alg":"ES256"}', b"ab", b"xyz!"))
    for place in range(len(text)):
        for character in ALPHABET + "=+/ .":
            changed = text[:place] + character + text[place + 1 :]
            if changed == text:
                continue
            with contextlib.suppress(Malformed):
                assert parse_compact(changed) != parse_compact(text)


def test_header_is_read():
    """Members as written."""
    assert read_header(b'{"alg":"ES256","typ":"dc+sd-jwt","kid":"abc"}') == {
        "alg": "ES256",
        "typ": "dc+sd-jwt",
        "kid": "abc",
    }


@pytest.mark.parametrize(
    "member", ["jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256", "crit", "b64", "zip", "enc"]
)
def test_header_with_a_key_an_address_or_an_extension_is_refused(member):
    """Keys come from the trust list alone, whatever the value is."""
    for value in ("x", [], {}, None, True, ["exp"]):
        with pytest.raises(Unsupported):
            read_header(strict_json.encode({"alg": "ES256", member: value}))


@pytest.mark.parametrize(
    "header",
    [b"", b"[]", b"{}", b'{"typ":"JWT"}', b'{"alg":null}', b'{"alg":-7}', b'{"alg":["ES256"]}', b'{"alg":true}', b'{"alg":"ES256","kid":1}', b'{"alg":"ES256","kid":["a"]}', b'{"alg":"ES256","typ":null}', b'{"alg":"none","alg":"ES256"}', b'{"alg":"ES256"}\x00', b'\xef\xbb\xbf{"alg":"ES256"}'],
)  # fmt: skip
def test_malformed_headers_are_refused(header):
    """No algorithm, one of another type, one twice, something around."""
    with pytest.raises(Malformed):
        read_header(header)


def test_header_of_a_megabyte_is_too_large():
    """Refused by its length."""
    with pytest.raises(TooLarge):
        read_header(b'{"alg":"' + b"x" * 1_000_000 + b'"}')
