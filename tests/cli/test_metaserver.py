"""`mythgate metaserver`: JSON lines in, JSON lines out, a broken line harms no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.wire.metaserver.test_further_vectors import FURTHER, REFUSED
from tests.wire.metaserver.vectors import VECTORS, Vector
from typer.testing import CliRunner

from mythgate.cli import app
from mythgate.wire.metaserver.crypto import Cipher

KEEPALIVE = {"family": "alephone", "direction": "c2s", "hex": "dead00ca00000008"}


def run(command: str, lines: list[Any], *words: str) -> list[dict[str, Any]]:
    typed = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    result = CliRunner().invoke(app, ["metaserver", command, *words], input=typed)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def asked(vector: Vector) -> dict[str, Any]:
    line = {"family": vector.family, "direction": vector.direction, "hex": vector.raw.hex()}
    return line | ({"session_key": vector.fields["session_key_hex"]} if vector.kind == "encrypted_packet" else {})


def test_every_vector_is_decoded_and_encoded_back() -> None:
    vectors = [vector for vector in VECTORS if vector.kind not in {"algorithm", "malformed"}]
    decoded = run("decode", [asked(vector) for vector in vectors])
    lines = []
    for vector, answer in zip(vectors, decoded, strict=True):
        assert "error" not in answer, (vector.name, answer)
        assert answer["packet_type"] == vector.packet_type, vector.name
        if vector.kind not in {"encrypted_packet", "http_request"} and "password" not in vector.fields:
            assert answer["fields"] == vector.fields, vector.name
        line = {key: value for key, value in (asked(vector) | answer).items() if key != "hex"}
        if vector.kind == "encrypted_packet":
            line |= {name: vector.fields[name] for name in ("random0", "random1")}
        if vector.kind == "http_request":
            line["fields"]["host"] = vector.raw.split(b"Host: ")[1].split(b"\r\n")[0].decode()
        lines.append(line)
    for without in ("name", "packet_type"):
        for vector, answer in zip(vectors, run("encode", [_without(line, without) for line in lines]), strict=True):
            if without == "name" and vector.packet_type is None:
                continue
            assert answer == {"hex": vector.raw.hex()}, vector.name


def _without(line: dict[str, Any], key: str) -> dict[str, Any]:
    if line["direction"] in {"http", "udp"}:
        return line
    return {name: value for name, value in line.items() if name != key}


def test_vectors_of_another_codec_are_decoded_and_encoded_back() -> None:
    decoded = run("decode", FURTHER)
    for vector, answer in zip(FURTHER, decoded, strict=True):
        name = vector["name"].split(".")[0]
        assert answer == {"packet_type": vector["packet_type"], "name": name, "fields": vector["fields"]}, vector[
            "name"
        ]
    lines = [_without(vector, "hex") | answer for vector, answer in zip(FURTHER, decoded, strict=True)]
    encoded = run("encode", lines)
    again = run("decode", [line | answer for line, answer in zip(lines, encoded, strict=True)])
    assert again == decoded
    for vector, answer in zip(FURTHER, encoded, strict=True):
        if not vector["idle"]:
            assert answer == {"hex": vector["hex"]}, vector["name"]


def test_broken_vectors_are_errors() -> None:
    answers = run("decode", REFUSED)
    assert [vector["name"] for vector, answer in zip(REFUSED, answers, strict=True) if list(answer) != ["error"]] == []


def test_a_null_key_is_no_key() -> None:
    line = KEEPALIVE | {"session_key": None}
    assert run("decode", [line])[0]["name"] == "keepalive"
    assert run("encode", [line | {"name": "keepalive"}]) == [{"hex": "dead00ca00000008"}]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_json_is_utf_8_whatever_the_terminal_speaks(encoding: str) -> None:
    typed = json.dumps({"family": "myth", "direction": "s2c", "hex": "dead000a0000000bf09100"})
    result = CliRunner(env={"PYTHONIOENCODING": encoding}, charset=encoding).invoke(
        app, ["metaserver", "decode"], typed
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout_bytes)["fields"] == {"message": "\uf8ffë"}


def test_malformed_vectors_are_errors() -> None:
    answers = run("decode", [asked(vector) for vector in VECTORS if vector.kind == "malformed"])
    assert len(answers) > 10
    assert all(list(answer) == ["error"] and answer["error"] for answer in answers)


@pytest.mark.parametrize(
    "line",
    [
        "{", "5", "", " \t", '"{', "null", "[]", "{}", "[" * 100_000, '{"packet_type": ' + "9" * 5000,
        '{"family":"alephone"}', KEEPALIVE | {"hex": "xx"}, KEEPALIVE | {"hex": 5}, KEEPALIVE | {"hex": None},
        KEEPALIVE | {"family": "doom"}, KEEPALIVE | {"direction": "up"}, KEEPALIVE | {"hex": "dead00ca0000000"},
        KEEPALIVE | {"hex": "dead00ca00000009"}, KEEPALIVE | {"hex": "dead00ca00000008dead"},
        KEEPALIVE | {"session_key": "725b81146d1aa750"}, KEEPALIVE | {"session_key": "72"},
        KEEPALIVE | {"session_key": 7}, KEEPALIVE | {"session_key": "no"}, "é\\",
        KEEPALIVE | {"family": ["myth"]}, KEEPALIVE | {"family": "\ud800"}, KEEPALIVE | {"direction": {"c2s": 1}},
        {"direction": "udp", "hex": "00"}, {"direction": "http", "hex": "00"},
        {"family": "bungie-web", "hex": "63000400"}, {"family": "bungie-web", "hex": "00"},
    ],
    ids=lambda line: str(line)[:50],
)  # fmt: skip
def test_a_broken_line_is_an_error_and_the_next_one_is_read(line: Any) -> None:
    broken, whole = run("decode", [line, KEEPALIVE])
    assert list(broken) == ["error"]
    assert broken["error"]
    assert whole == {"packet_type": 202, "name": "keepalive", "fields": {}}


@pytest.mark.parametrize(
    "line",
    [
        {"family": "myth"}, {"family": "myth", "name": "dance"}, {"family": "myth", "name": "message_of_the_day"},
        {"family": "myth", "packet_type": 10, "fields": 5}, {"family": "myth", "packet_type": "x"},
        {"family": "myth", "packet_type": 1 << 20}, {"family": "bungie-web", "packet_type": 99},
        {"direction": "udp", "fields": {"identifier": 1 << 20}}, {"direction": "udp"},
        {"family": "myth", "packet_type": 106, "fields": {"room_id": 1 << 20}},
        {"family": "myth", "name": "logout", "session_key": "725b81146d1aa750", "random0": 1 << 40},
        {"family": "myth", "name": "logout", "session_key": "725b81146d1aa750", "random0": -1},
        {"family": "myth", "name": "logout", "session_key": "725b81146d1aa750", "random0": "x"},
        {"family": "myth", "name": "logout", "session_key": "725b81146d1aa750", "random1": None},
        {"family": "myth", "name": ["logout"]}, {"family": "myth", "packet_type": True},
        {"family": "myth", "packet_type": [102]}, {"family": "myth", "name": "dance\ud800"},
        {"family": "alephone", "name": "password_response", "fields": {"authentication_type": 1}},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_encoded_is_an_error(line: dict[str, Any]) -> None:
    [answer] = run("encode", [line])
    assert list(answer) == ["error"]
    assert answer["error"]


def test_names_of_the_same_packet_and_any_direction() -> None:
    lines = [
        {"family": "myth2-1.8", "direction": direction, "name": name, "fields": {"public_key_hex": "7a2fb9563848ef7e"}}
        for name in ("session_key", "session_key_client", "session_key_server")
        for direction in ("c2s", "s2c", "both", "any")
    ]
    assert {answer["hex"] for answer in run("encode", lines)} == {"dead00cb000000107a2fb9563848ef7e"}
    [answer] = run("decode", [KEEPALIVE | {"direction": "any", "family": "any"}])
    assert answer["name"] == "keepalive"
    [answer] = run("decode", [{"family": "myth", "hex": "dead000a0000000a6100"}])
    assert answer["fields"] == {"message": "a"}


def test_a_key_encrypts_all_but_keys() -> None:
    line = {"family": "myth2-1.8", "direction": "s2c", "session_key": "725b81146d1aa750", "name": "message_of_the_day"}
    answers = run("encode", [line | {"fields": {"message": "x"}}] * 2)
    raw = [bytes.fromhex(answer["hex"]) for answer in answers]
    assert raw[0] != raw[1], "other random numbers each time"
    assert Cipher(bytes.fromhex("725b81146d1aa750")).open(raw[0][8:]) == b"x\0"
    key = line | {"name": "session_key", "fields": {"public_key_hex": "00" * 8}}
    assert run("encode", [key]) == [{"hex": "dead00cb00000010" + "00" * 8}]
    assert run("decode", [key | {"hex": "dead00cb00000010" + "00" * 8}])[0]["name"] == "session_key"


def test_a_form_is_made_from_what_was_typed() -> None:
    values = {"username": "hopper", "password": "p&ss", "salt_hex": "30313200", "path": "/metaclient/login"}
    [answer] = run("encode", [{"direction": "http", "fields": values}])
    raw = bytes.fromhex(answer["hex"])
    assert raw.endswith(b"\r\n\r\npassword=p%26ss&salt=012&username=hopper")
    [answer] = run("encode", [{"direction": "http", "fields": {"email": "a@b", "username": "x", "password": "y"}}])
    assert bytes.fromhex(answer["hex"]).endswith(b"email=a%40b&password=y&username=x")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("what", "The line is no JSON: Expecting value, at character 1."),
        ('["dead"]', "A line is a JSON object."),
        (json.dumps(KEEPALIVE | {"family": "quake"}), "`family` is one of: alephone, myth, myth2-1.8."),
        (json.dumps(KEEPALIVE | {"direction": "up"}), "`direction` is one of: c2s, s2c."),
    ],
)
def test_what_is_wrong_with_a_line(line: str, told: str) -> None:
    result = CliRunner().invoke(app, ["metaserver", "decode"], input=line + "\n")
    assert json.loads(result.stdout) == {"error": told}


def test_lines_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "capture.jsonl"
    file.write_text(json.dumps(KEEPALIVE) + "\n\n" + json.dumps(KEEPALIVE), "utf-8")
    assert [("error" in answer) for answer in run("decode", [], str(file))] == [False, True, False]
    result = CliRunner().invoke(app, ["metaserver", "decode", str(tmp_path / "missing")])
    assert result.exit_code == 1
    assert "cannot be read" in result.output
