"""Further packets, made by a codec that was written from the description of the protocol alone.

`further_vectors.json` has every packet for every family and direction with unlikely contents: the least and the
greatest numbers, all of MacRoman, empty and full lists. `idle` lists the bytes of the payload that receivers
ignore; there is no zero in them but 0xA5. `refused_vectors.json` has packets that nobody can read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from mythgate.domain.errors import ProtocolError
from mythgate.wire.metaserver import fields
from mythgate.wire.metaserver.crypto import Cipher
from mythgate.wire.metaserver.framing import Frame, FrameDecoder
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import KINDS, Direction, decode, encode, layout_for

Vector = dict[str, Any]


def _load(name: str) -> list[Vector]:
    vectors: list[Vector] = json.loads((Path(__file__).parent / name).read_text("utf-8"))
    return vectors


FURTHER: Final = _load("further_vectors.json")
REFUSED: Final = _load("refused_vectors.json")


def named(vector: Vector) -> str:
    return str(vector["name"])


def dialect(vector: Vector) -> tuple[Family, Direction]:
    return Family(vector["family"]), Direction("c2s" if vector["direction"] == "both" else vector["direction"])


def opened(vector: Vector) -> Frame:
    """The frame of the packet, decrypted."""
    decoder = FrameDecoder()
    decoder.receive_data(bytes.fromhex(vector["hex"]))
    frame = decoder.next_frame()
    if frame is None or decoder.buffered:
        raise ProtocolError("This is not one packet.")
    if "session_key" in vector:
        return Frame(frame.packet_type, Cipher(bytes.fromhex(vector["session_key"])).open(frame.payload))
    return frame


def without_idle_bytes(vector: Vector, payload: bytes) -> bytes:
    blank = bytearray(payload)
    for start, end in vector["idle"]:
        blank[start:end] = bytes(end - start)
    return bytes(blank)


@pytest.mark.parametrize("vector", FURTHER, ids=named)
def test_a_packet_says_what_its_vector_says(vector: Vector) -> None:
    frame = opened(vector)
    shown = fields.show(*dialect(vector), decode(*dialect(vector), *frame))
    assert shown == vector["fields"]
    assert list(shown) == list(vector["fields"]), "in the same order"
    assert frame.packet_type == vector["packet_type"]
    assert vector["name"].startswith(fields.name_of(*dialect(vector), frame.packet_type) + ".")


@pytest.mark.parametrize("vector", FURTHER, ids=named)
def test_a_packet_is_made_from_what_its_vector_says(vector: Vector) -> None:
    packet_type, payload = opened(vector)
    made = encode(*dialect(vector), fields.take(*dialect(vector), packet_type, vector["fields"]))
    assert without_idle_bytes(vector, made) == without_idle_bytes(vector, payload)


@pytest.mark.parametrize("vector", FURTHER, ids=named)
def test_a_packet_that_was_read_is_written_as_it_was(vector: Vector) -> None:
    packet_type, payload = opened(vector)
    written = encode(*dialect(vector), decode(*dialect(vector), packet_type, payload))
    assert without_idle_bytes(vector, written) == without_idle_bytes(vector, payload)


@pytest.mark.parametrize("vector", [vector for vector in FURTHER if "session_key" in vector], ids=named)
def test_a_sealed_packet_is_sealed_again(vector: Vector) -> None:
    cipher = Cipher(bytes.fromhex(vector["session_key"]))
    sealed = cipher.seal(opened(vector).payload, vector["random0"], vector["random1"])
    assert sealed == bytes.fromhex(vector["hex"])[8:]


@pytest.mark.parametrize("vector", REFUSED, ids=named)
def test_what_cannot_be_read_is_refused(vector: Vector) -> None:
    with pytest.raises(ProtocolError):
        decode(*dialect(vector), *opened(vector))


def test_every_packet_is_there() -> None:
    there = {(*dialect(vector), vector["packet_type"]) for vector in FURTHER}
    going = {(direction, packet_type) for _, direction, packet_type in there}
    for kind in KINDS:
        assert going & {(direction, kind.packet_type) for direction in kind.directions}, kind.name
    assert all(layout_for(*which) for which in there)
    assert {family for family, _, _ in there} == set(Family)
