"""Lines in memory and in files: what they were caused by, no secrets, levels, bounds."""

from __future__ import annotations

import contextvars
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mythgate import telemetry
from mythgate.domain.logs import LevelChange, LogQuery
from mythgate.services import causes
from mythgate.telemetry.faults import FaultBook
from mythgate.telemetry.logs import Bound, LogBook, apply_levels, levels, set_level

log = logging.getLogger("mythgate.tests.book")


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """What a test configures ends with it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    yield
    apply_levels([])
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = before, level


@pytest.fixture
def book() -> LogBook:
    made = LogBook(lines=10)
    logging.getLogger().addHandler(made)
    logging.getLogger().setLevel(logging.DEBUG)
    return made


def caused(work: Any, **line: Any) -> None:
    def run() -> None:
        causes.begin(causes.Line("abcd", "http", "203.0.113.9", **line))
        work()

    contextvars.copy_context().run(run)


def test_a_line_says_what_it_was_caused_by(book: LogBook) -> None:
    book.room_of = {"body": "square"}.get
    caused(lambda: log.info("fell over", extra={"times": 2}), account="ada", character="body", number=7)
    [line] = book.search(LogQuery())
    assert (line.text, line.level, line.correlation) == ("fell over", "info", "abcd-1")
    expected = {"times": 2, "door": "http", "address": "203.0.113.9", "account": "ada", "number": 7}
    assert line.fields == expected | {"character": "body", "room": "square"}


def test_what_a_line_says_itself_comes_first(book: LogBook) -> None:
    book.room_of = lambda _: None
    caused(lambda: log.info("moved", extra={"room": "well", "door": "telnet", "correlation": "mine"}))
    caused(lambda: log.info("nowhere"), character="body")
    moved, nowhere = book.search(LogQuery())
    assert (moved.fields["room"], moved.fields["door"], moved.correlation) == ("well", "telnet", "mine")
    assert "room" not in nowhere.fields


def test_only_the_newest_lines_are_kept_and_found_in_their_order(book: LogBook) -> None:
    for number in range(25):
        log.info("line", extra={"n": number})
    assert [line.fields["n"] for line in book.search(LogQuery())] == list(range(15, 25))
    assert [line.fields["n"] for line in book.search(LogQuery(), limit=2)] == [23, 24]
    assert [line.fields["n"] for line in book.search(LogQuery(), after=book.newest - 1)] == [24]
    assert book.counts["info"] == 25


def test_values_are_as_json_has_them_and_secrets_are_blanked(book: LogBook) -> None:
    odd = {"path": Path("/x"), "many": list(range(50)), "long": "y" * 9999, "token": "t", "none": None}
    log.warning("odd %s", "words", extra=odd)
    [line] = book.search(LogQuery())
    assert line.text == "odd words"
    assert (line.fields["path"], len(line.fields["many"]), len(line.fields["long"])) == ("/x", 20, 2000)
    assert (line.fields["token"], line.fields["none"]) == ("***", None)
    json.dumps(line.fields)


def test_what_was_raised_is_in_the_line_and_counted_as_a_fault(book: LogBook) -> None:
    typed = "x12y"
    try:
        int(typed)
    except ValueError:
        log.exception("broken")
        log.warning("not so bad", exc_info=True)
    broken, mild = book.search(LogQuery())
    assert "ValueError" in broken.fields["exception"]
    assert "ValueError" in mild.fields["exception"]
    [fault] = book.faults.take()
    assert (fault.kind, fault.count) == ("ValueError", 1)
    assert "x12y" not in fault.message + fault.trace
    assert book.faults.total == 1


def test_a_line_that_cannot_be_kept_harms_nobody(book: LogBook, capsys: pytest.CaptureFixture[str]) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise RuntimeError

    log.info("odd", extra={"it": Unprintable()})
    assert book.search(LogQuery()) == []
    assert "Logging error" in capsys.readouterr().err


def test_strangers_cannot_fill_the_log() -> None:
    bound = Bound(per_second=3)
    book = LogBook()
    book.addFilter(bound)
    logging.getLogger().addHandler(book)
    logging.getLogger().setLevel(logging.INFO)

    def told(second: float, **extra: Any) -> bool:
        record = log.makeRecord(log.name, logging.INFO, "", 0, "refused", (), None, extra=extra)
        record.created = second
        log.handle(record)
        return bound.filter(record)  # another handler gets the same answer

    assert [told(100.5, security="flood") for _ in range(5)] == [True, True, True, False, False]
    assert told(100.9)  # all else is written
    assert told(101.0, security="flood")
    texts = [line.text for line in book.search(LogQuery())]
    assert texts.count("refused") == 5
    [left_out] = book.search(LogQuery(text="left out"))
    assert left_out.fields["lines"] == 2


def test_levels_change_while_the_server_runs() -> None:
    set_level("info")
    assert levels() == {"": "info"}
    chatty = logging.getLogger("mythgate.tests.chatty")
    assert not chatty.isEnabledFor(logging.DEBUG)
    apply_levels([LevelChange("mythgate.tests.chatty", "debug"), LevelChange("", "warning")])
    assert chatty.isEnabledFor(logging.DEBUG)
    assert not log.isEnabledFor(logging.INFO)
    assert levels() == {"": "warning", "mythgate.tests.chatty": "debug"}
    set_level("error")  # the settings', which the change goes before
    assert levels()[""] == "warning"
    apply_levels([LevelChange("uvicorn", "debug")])
    assert not chatty.isEnabledFor(logging.INFO)
    assert logging.getLogger("uvicorn").isEnabledFor(logging.DEBUG)
    LogBook().apply([])
    assert LogBook().levels() == {"": "error"}
    set_level("info")


def test_files_are_made_with_the_first_line_and_can_be_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    logging.getLogger().setLevel(logging.INFO)
    handler = telemetry.write_files(folder)
    assert not folder.exists()
    assert telemetry.log_files(folder) == []
    caused(lambda: log.info("fell over", extra={"password": "hunter2", "half": "\ud800"}), account="ada")
    log.info("by itself")
    telemetry.stop_writing(handler)
    log.info("not any more")
    (folder / "mythgate.log.1").write_text("older, and not ours\n[1]\n{}\n")
    assert [file.name for file in telemetry.log_files(folder)] == ["mythgate.log.1", "mythgate.log"]
    first, second = telemetry.lines_of(telemetry.log_files(folder))
    assert (first.text, first.correlation, first.fields["account"]) == ("fell over", "abcd-1", "ada")
    assert (second.text, second.correlation) == ("by itself", "")
    assert "hunter2" not in (folder / "mythgate.log").read_text("utf-8")


def test_a_disk_that_is_full_stops_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    handler = telemetry.write_files(tmp_path / "logs")
    log.error("somewhere")
    telemetry.stop_writing(handler)
    assert capsys.readouterr().err == ""


def test_kinds_of_faults_are_bounded() -> None:
    book = FaultBook()

    def one(number: int) -> None:
        kind = type(f"Odd{number}", (Exception,), {})
        try:
            raise kind
        except Exception as error:
            book.note(error, "", datetime.now(UTC))

    for number in range(205):
        one(number)
    assert (book.total, book.unheard, len(book.waiting())) == (205, 5, 200)
    assert len(book.take()) == 200
    assert book.take() == []
