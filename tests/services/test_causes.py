"""What is going on because of what."""

from __future__ import annotations

import asyncio
import contextvars

from mythgate.services import causes


def within(work: object) -> None:
    contextvars.copy_context().run(work)  # type: ignore[arg-type]


def test_nothing_is_the_cause_of_what_the_server_does_by_itself() -> None:
    assert causes.current() is None
    causes.learned(account="a")  # and nobody is told
    causes.claims("a")


def test_each_thing_that_comes_in_on_a_line_is_a_cause_of_its_own() -> None:
    def work() -> None:
        line = causes.Line("abcd", "http", "127.0.0.1")
        causes.attribute_to(line)
        first = causes.current()
        causes.begin(line)
        second = causes.current()
        causes.begin(line)
        third = causes.current()
        assert [one.correlation for one in (first, second, third) if one is not None] == ["abcd", "abcd-1", "abcd-2"]

    within(work)
    assert causes.current() is None


def test_what_is_learned_holds_for_the_line() -> None:
    def work() -> None:
        line = causes.Line("abcd", "metaserver")
        causes.begin(line)
        causes.claims("ada")
        causes.learned(account="bob")
        causes.learned(character="bobs body")
        assert (line.claimed, line.account, line.character) == ("ada", "bob", "bobs body")

    within(work)


async def test_tasks_inherit_the_cause_they_were_started_by() -> None:
    line = causes.Line("abcd", "http")
    found = []

    async def later() -> None:
        cause = causes.current()
        found.append(cause.correlation if cause is not None else "")

    def work() -> None:
        causes.begin(line)
        started.append(asyncio.get_running_loop().create_task(later()))
        causes.begin(line)

    started: list[asyncio.Task[None]] = []
    within(work)
    await asyncio.gather(*started)
    assert found == ["abcd-1"]
