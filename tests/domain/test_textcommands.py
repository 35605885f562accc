"""Command lines, arguments, aliases, what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mythgate.domain import textcommands as tc
from mythgate.domain.errors import BadUsage, InvalidInput, Refused
from mythgate.domain.textcommands import Grammar, Line


@pytest.mark.parametrize(
    ("typed", "word", "rest"),
    [
        ("look", "look", ""),
        ("  LOOK  ", "look", ""),
        ("/look north", "look", "north"),
        ("/ look", "look", ""),
        ("say Hello  There", "say", "Hello  There"),
        ("'hello", "say", "hello"),
        ("’hello", "say", "hello"),
        ('"hello"', "say", 'hello"'),
        (":waves", "emote", "waves"),
        ("/'hi", "say", "hi"),
        ("say 5 > 3; really?", "say", "5 > 3; really?"),
        ("lo\u200bok\x00", "look", ""),
        ("look\tnorth\n", "look", "north"),
        ("STRASSE Ä", "strasse", "Ä"),
    ],
)
def test_a_line_falls_into_word_and_rest(typed: str, word: str, rest: str) -> None:
    assert tc.read_line(typed) == Line(word, rest)


@pytest.mark.parametrize("typed", ["", "  ", "/", " / ", "\u200b"])
def test_an_empty_line_is_refused(typed: str) -> None:
    with pytest.raises(BadUsage, match="did not type"):
        tc.read_line(typed)


def test_a_long_line_is_refused_with_the_limit() -> None:
    tc.read_line("x" * 1000)
    with pytest.raises(InvalidInput) as refused:
        tc.read_line("x" * 1001)
    assert "1000" in refused.value.hint


@given(st.text(max_size=1200))
def test_reading_a_line_refuses_or_works(text: str) -> None:
    try:
        line = tc.read_line(text)
    except Refused:
        return
    assert line.word
    assert " " not in line.word
    assert line.rest == line.rest.strip()


# --- grammar ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage", "rest", "bound"),
    [
        ("who", "", {}),
        ("look [<what...>]", "", {}),
        ("look [<what...>]", "the old  lamp", {"what": "the old  lamp"}),
        ("tell <person> [<words...>]", "Ada hi  there", {"person": "Ada", "words": "hi  there"}),
        ("tell <person> [<words...>]", "Ada", {"person": "Ada"}),
        ("give <thing...> to <person...>", "key to Bob", {"thing": "key", "person": "Bob"}),
        ("give <thing...> to <person...>", "key TO old Bob", {"thing": "key", "person": "old Bob"}),
        (
            "give <thing...> to <person...>",
            "key to the tower to Bob",
            {"thing": "key to the tower", "person": "Bob"},
        ),
        ("give <thing...> [to] <person...>", "silver key Bob", {"thing": "silver key", "person": "Bob"}),
        ("give <thing...> [to] <person...>", "silver key to old Bob", {"thing": "silver key", "person": "old Bob"}),
        ("alias [<name>] [<command...>]", "hi say hello", {"name": "hi", "command": "say hello"}),
        ("alias [<name>] [<command...>]", "", {}),
    ],
)
def test_the_rest_falls_into_arguments(usage: str, rest: str, bound: dict[str, str]) -> None:
    assert Grammar.of(usage).bind(rest) == bound


@pytest.mark.parametrize(
    ("usage", "rest"),
    [
        ("who", "cares"),
        ("say <words...>", ""),
        ("unalias <name>", "one two"),
        ("give <thing...> to <person...>", "key"),
        ("give <thing...> to <person...>", "key Bob"),
        ("give <thing...> to <person...>", "to Bob"),
        ("give <thing...> to <person...>", "key to"),
        ("give <thing...> to <person...>", "potato Bob"),
        ("give <thing...> [to] <person...>", "potato"),
        ("give <thing...> [to] <person...>", "to Bob"),
        ("give <thing...> [to] <person...>", "key to"),
        ("tell <person> <words...>", "Ada"),
    ],
)
def test_what_does_not_fit_shows_the_usage(usage: str, rest: str) -> None:
    with pytest.raises(BadUsage) as refused:
        Grammar.of(usage).bind(rest)
    assert refused.value.hint == f"Usage: {usage}"


@pytest.mark.parametrize(
    ("usage", "rest", "question"),
    [
        ("say <words...>", "", "Say what?"),
        ("tell <person> <words...>", "", "Tell whom?"),
        ("tell <person> <words...>", "Ada", "Tell Ada what?"),
        ("ask <whom...> about <topic...>", "", "Ask whom?"),
        ("ask <whom...> about <topic...>", "smith", BadUsage.default_message),
    ],
)
def test_what_is_missing_is_asked_for(usage: str, rest: str, question: str) -> None:
    with pytest.raises(BadUsage) as refused:
        Grammar.of(usage).bind(rest)
    assert refused.value.message == question


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Hask, who are you?", "Hask"),
        ("hask: who", "hask"),
        ("hask:who", "hask"),
        ("Brom Oakhand , hello, you", "Brom Oakhand"),
        ("hask,", None),
        (", hello", None),
        ("hask who", None),
        ("http://example.org", None),
    ],
)
def test_who_is_addressed(line: str, name: str | None) -> None:
    assert tc.addressee(line) == name


def test_pieces_are_arguments_when_there_is_one_for_each() -> None:
    give = Grammar.of("give <thing...> to <person...>")
    assert give.bind("silver key Old Bob", ["silver key", "Old Bob"]) == {"thing": "silver key", "person": "Old Bob"}
    assert give.bind("silver key to Bob", ["silver", "key", "to", "Bob"]) == {"thing": "silver key", "person": "Bob"}
    tell = Grammar.of("tell <person> [<words...>]")
    assert tell.bind("Old Bob hi there", ["Old Bob", "hi there"]) == {"person": "Old Bob", "words": "hi there"}
    assert tell.bind("Bob hi there", ["Bob", "hi", "there"]) == {"person": "Bob", "words": "hi there"}
    say = Grammar.of("say <words...>")
    assert say.bind("hello  there", ["hello  there"]) == {"words": "hello  there"}
    assert say.bind("hello there", ["hello", "there"]) == {"words": "hello there"}
    assert give.bind("a to b", ["a to", "b"]) == {"thing": "a to", "person": "b"}
    # Empty pieces are none.
    assert tell.bind("Bob", ["Bob", " "]) == {"person": "Bob"}
    with pytest.raises(BadUsage):
        give.bind("", ["", ""])
    # Two pieces, one of which is the word between: they are the line, which lacks something.
    with pytest.raises(BadUsage):
        give.bind("to Bob", ["to", "Bob"])


@pytest.mark.parametrize("usage", ["", "x <A>", "x <a", "x <a...> <b>", "x [a]", "x <a...> [<b>]", "x <a...> [b] [c]"])
def test_usages_that_are_no_grammar_are_errors(usage: str) -> None:
    with pytest.raises(ValueError, match="usage"):
        Grammar.of(usage)


@given(
    st.sampled_from(["who", "say <words...>", "give <thing...> to <person...>", "tell <person> [<words...>]"]),
    st.text(max_size=60),
    st.lists(st.text(max_size=10), max_size=4),
)
def test_binding_refuses_or_works(usage: str, rest: str, args: list[str]) -> None:
    grammar = Grammar.of(usage)
    try:
        bound = grammar.bind(rest.strip(), args)
    except Refused:
        return
    assert set(bound) <= {slot.name for slot in grammar.slots}
    assert all(bound.values())
    assert {slot.name for slot in grammar.slots if not slot.optional} <= set(bound)


# --- meaning ---------------------------------------------------------------------------------------


def test_abbreviations_and_guesses() -> None:
    names = ["look", "lose", "say", "status"]
    assert tc.abbreviated("lo", names) == ["look", "lose"]
    assert tc.abbreviated("sa", names) == ["say"]
    assert tc.similar("loook", names) == ["look"]
    assert tc.similar("xyzzy", names) == []


@pytest.mark.parametrize(
    ("names", "sentence"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_choices_in_a_sentence(names: list[str], sentence: str) -> None:
    assert tc.one_of(names) == sentence


# --- aliases ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aliases", "typed", "meant"),
    [
        ({"hi": "say hello"}, "hi", "say hello"),
        ({"hi": "say hello"}, "hi there", "say hello there"),
        ({"hi": "say Hello, $*!"}, "hi Ada and Bob", "say Hello, Ada and Bob!"),
        ({"swap": "say $2 before $1, not $3"}, "swap a b", "say b before a, not"),
        ({"a": "b x", "b": "say $*"}, "a y", "say x y"),
        ({"q": "'$*"}, "q hm", "say hm"),
        ({"price": "say that is $5.00"}, "price", "say that is .00"),
        ({}, "look", "look"),
    ],
)
def test_aliases_expand(aliases: dict[str, str], typed: str, meant: str) -> None:
    assert tc.expand(tc.read_line(typed), aliases) == tc.read_line(meant)


def test_circles_and_depth_end() -> None:
    with pytest.raises(BadUsage, match="a → b → a"):
        tc.expand(Line("a", ""), {"a": "b", "b": "a"})
    deep = {f"a{index}": f"a{index + 1}" for index in range(20)}
    with pytest.raises(BadUsage, match="never end"):
        tc.expand(Line("a0", ""), deep)
    exactly = {f"a{index}": f"a{index + 1}" for index in range(tc.MAX_ALIAS_DEPTH)}
    assert tc.expand(Line("a0", ""), exactly) == Line(f"a{tc.MAX_ALIAS_DEPTH}", "")


def test_expansion_is_bounded() -> None:
    doubling = {f"a{index}": f"a{index + 1} $* $*" for index in range(9)}
    with pytest.raises(InvalidInput):
        tc.expand(Line("a0", "x" * 50), doubling)


@pytest.mark.parametrize("name", ["hi", "Hi_2", "a" * 20])
def test_alias_names(name: str) -> None:
    assert tc.alias_name(name) == name.casefold()


@pytest.mark.parametrize("name", ["", "2hi", "a" * 21, "hi!", "höhe", "a b"])
def test_not_alias_names(name: str) -> None:
    with pytest.raises(InvalidInput):
        tc.alias_name(name)


def test_definitions_are_checked() -> None:
    tc.define("hi", "say hello", {})
    tc.define("hi", "greet $*", {"greet": "say hello"})
    with pytest.raises(BadUsage, match="hi → hi"):
        tc.define("hi", "hi there", {})
    with pytest.raises(BadUsage, match="a → b → a"):
        tc.define("a", "b", {"b": "a x"})
    with pytest.raises(InvalidInput, match="too long"):
        tc.define("hi", "say " + "x" * 200, {})
    many = {f"a{index}": "look" for index in range(tc.MAX_ALIASES)}
    with pytest.raises(InvalidInput, match="50"):
        tc.define("hi", "look", many)
    tc.define("a1", "say redefined", many)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["a", "b $*", "c x", "d $1", "say hi", "'x"]), max_size=4),
    st.sampled_from("abcd"),
    st.text(max_size=20),
)
def test_expanding_refuses_or_ends_in_what_is_no_alias(aliases: dict[str, str], word: str, rest: str) -> None:
    try:
        line = tc.expand(Line(word, rest.strip()), aliases)
    except Refused:
        return
    assert line.word not in aliases


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["a", "b", "c x", "d $1", "say hi"]), max_size=4))
def test_what_may_be_defined_never_goes_in_circles(wanted: dict[str, str]) -> None:
    aliases: dict[str, str] = {}
    for name, command in wanted.items():
        try:
            tc.define(name, command, aliases)
        except BadUsage:
            continue
        aliases[name] = command
    for name in aliases:
        tc.expand(Line(name, ""), aliases)


@pytest.mark.parametrize(
    ("word", "seen"),
    [("wave", "waves"), ("clap", "claps"), ("cry", "cries"), ("blush", "blushes"), ("kiss", "kisses"), ("sway", None)],
)
def test_gestures_as_others_see_them(word: str, seen: str | None) -> None:
    assert tc.gesture(word) == seen
