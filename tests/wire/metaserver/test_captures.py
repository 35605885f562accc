"""What the protocol lab captured, through the codec again. To add one: `mythgate lab watch ID --output FILE`, into the
folder `captures` beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.captures import replay

from mythgate.wire.metaserver.framing import frame
from mythgate.wire.metaserver.layout import Family
from mythgate.wire.metaserver.packets import (
    DirectedData,
    Direction,
    PasswordChallenge,
    PasswordResponse,
    RoomBroadcast,
    RoomLogin,
    SessionKey,
    SetPlayerMode,
    UserSuccessfulLogin,
    encode,
    packet_type_of,
)
from mythgate.wire.metaserver.records import ChatBlock
from mythgate.wire.metaserver.shown import blanked, line_of

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.jsonl"))


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: file.stem)
def test_a_capture_reads_as_it_did(file: Path) -> None:
    assert replay(file) > 5


def test_a_changed_capture_is_found(tmp_path: Path) -> None:
    lines = CAPTURES[0].read_text("utf-8").splitlines()
    line = json.loads(lines[0])
    line["packet_type"] = 999
    changed = tmp_path / "changed.jsonl"
    changed.write_text(json.dumps(line))
    with pytest.raises(AssertionError):
        replay(changed)


SECRET = b"hunter2 hunter2!"


@pytest.mark.parametrize(
    ("direction", "packet"),
    [
        (Direction.TO_SERVER, PasswordResponse(response=SECRET)),
        (Direction.TO_CLIENT, PasswordChallenge(authentication_type=1, salt=SECRET)),
        (Direction.TO_CLIENT, UserSuccessfulLogin(user_id=4, token=SECRET * 2)),
        (Direction.TO_SERVER, RoomLogin(token=SECRET * 2, username="ada")),
        (Direction.TO_SERVER, SetPlayerMode(mode=1, session_id=SECRET)),
        (Direction.TO_SERVER, DirectedData(target_player_id=3, chat=ChatBlock(name="Ada", message=SECRET.decode()))),
        (
            Direction.TO_SERVER,
            RoomBroadcast(chat=ChatBlock(name="Ada", message=f".tell bob {SECRET.decode()}")),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_and_private_talk_are_in_no_line(direction: Direction, packet: object) -> None:
    payload = encode(Family.ALEPHONE, direction, packet)
    line = line_of(Family.ALEPHONE, direction, packet_type_of(packet), payload)
    kept = json.dumps(line)
    assert SECRET.hex() not in kept
    assert SECRET.decode() not in kept
    assert line["size"] == len(payload) + 8
    assert len(line["hex"]) == 2 * line["size"]
    assert "fields" in line
    cut = line_of(Family.ALEPHONE, direction, packet_type_of(packet), payload[:3])
    assert SECRET[:3].hex() not in cut["hex"]


def test_what_is_said_to_all_is_shown() -> None:
    said = RoomBroadcast(chat=ChatBlock(name="Ada", message="good evening"))
    assert blanked(said) == said
    told = blanked(RoomBroadcast(chat=ChatBlock(name="Ada", message=".tell bob psst")))
    assert told.chat.message == ".tell ********"


def test_public_keys_are_shown() -> None:
    key = bytes(range(8))
    payload = encode(Family.MYTH, Direction.TO_SERVER, SessionKey(public_key=key))
    line = line_of(Family.MYTH, Direction.TO_SERVER, 203, payload)
    assert (line["hex"], line["fields"]) == (frame(203, key).hex(), {"public_key_hex": key.hex()})


def test_a_packet_that_makes_no_sense() -> None:
    line = line_of(Family.ALEPHONE, Direction.TO_SERVER, 104, b"abc")
    assert line["hex"].endswith(b"abc".hex())
    assert line["error"]
    secret = line_of(Family.ALEPHONE, Direction.TO_SERVER, 101, b"abc")
    assert secret["hex"] == "dead006500000008"
