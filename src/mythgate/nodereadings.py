"""What a node tells of itself in numbers: each reading with its name, its unit and its meaning, in one place.

Names end in what they count or in their unit, and labels have a small set of values that never names a person.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import mythgate
from mythgate import telemetry
from mythgate.domain.hosting import OVER
from mythgate.doors.http.play import PlayDoor
from mythgate.doors.metaserver.options import MetaserverStats
from mythgate.doors.shards.options import ShardsStats
from mythgate.doors.telnet.options import TelnetStats
from mythgate.services import security
from mythgate.telemetry import Reading, resident_bytes

if TYPE_CHECKING:
    from mythgate.bootstrap import Node
    from mythgate.doors.http.http_protocol import Sockets

MOST_ROOMS: Final = 50
OTHERS: Final = "others"


def reader(
    node: Node,
    door: PlayDoor,
    errors: Mapping[str, int],
    *,
    metaserver: MetaserverStats | None = None,
    shards: ShardsStats | None = None,
    telnet: TelnetStats | None = None,
    sockets: Sockets | None = None,
) -> Callable[[], Iterator[Reading]]:
    """What reads all that is counted. Doors that are closed have counted nothing."""
    of_metaserver = metaserver if metaserver is not None else MetaserverStats()
    of_shards = shards if shards is not None else ShardsStats()
    of_telnet = telnet if telnet is not None else TelnetStats()

    def read() -> Iterator[Reading]:
        yield from _of_node(node, door, errors)
        yield from _of_metaserver(of_metaserver)
        yield from _of_shards(of_shards)
        yield from _of_telnet(of_telnet)
        if sockets is not None:
            yield from _of_sockets(sockets)

    return read


def _fullest(populations: Mapping[str, int]) -> dict[str, float]:
    """The fullest rooms by name, and all others together: a world may have thousands."""
    named = sorted(populations.items(), key=lambda one: (-one[1], one[0]))
    told: dict[str, float] = dict(named[:MOST_ROOMS])
    if len(named) > MOST_ROOMS:
        told[OTHERS] = sum(count for _, count in named[MOST_ROOMS:])
    return told


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # nothing runs: somebody asks what would be told
        return 0


def _outboxes(node: Node) -> tuple[int, int]:
    """Events that are still to be written, and connections that do not take them."""
    waiting = paused = 0
    for hub in (node.hub, node.lobby_hub, node.shards_hub):
        for stream in hub.streams():
            for outbox in stream.outboxes:
                waiting += outbox.pending
                paused += outbox.paused
    return waiting, paused


def _of_node(node: Node, door: PlayDoor, errors: Mapping[str, int]) -> Iterator[Reading]:
    reading = Reading
    hub, play, rows = node.hub.stats, door.stats, node.store.statistics()
    services, book = node.services, telemetry.book()
    yield reading("build_info", "Always 1; the version is a label.", by="version", values={mythgate.__version__: 1})
    yield reading("active_users", "Characters in the world.", node.presences.count())
    yield reading("occupied_rooms", "Rooms with somebody in them.", len(node.presences.populations()))
    lobbies = node.services.lobbies
    inside = _fullest({str(one.room_id): one.players for one in lobbies.views()})
    yield reading("lobby_players", "People in a lobby.", by="room", values=inside)
    there = _fullest({str(room): players for room, players in node.presences.populations().items()})
    yield reading("room_players", "Characters in a place of the world, if any.", by="room", values=there)
    doors = Counter(one.door for one in node.presences.all())
    yield reading("door_players", "Characters in the world, by their door.", by="door", values=doors)
    yield reading("hosted_games", "Games listed or running.", len(lobbies.board))
    carried = node.services.world_chat.carried
    yield reading("world_chat_lines", "Lines told on the other side.", kind="counter", by="said_in", values=carried)
    yield reading("subscriptions", "Things people who are away wait for.", node.services.notices.waiting)
    sent = node.services.notices.outcomes
    yield reading("notices", "Notices sent, by what became of them.", kind="counter", by="outcome", values=sent)
    crossed = node.services.bridges.carried
    told = "Lines that came in, went out, or were lost."
    yield reading("bridge_lines", told, kind="counter", by="way", values=crossed)
    over = {state.value: node.services.hosting.over[state] for state in sorted(OVER)}
    yield reading("ended_games", "Games that are over.", kind="counter", by="state", values=over)
    yield reading("parties", "Parties of characters.", len(node.services.parties.all()))
    voice = node.services.voice
    yield reading("voice_speakers", "Characters in voice channels.", voice.count())
    yield reading("voice_joins", "Times somebody joined a voice channel.", voice.stats.joined, "counter")
    yield reading("voice_signals", "Voice signals passed on.", voice.stats.signals, "counter")
    turned_down = "Voice signals refused."
    yield reading("refused_voice_signals", turned_down, kind="counter", by="code", values=voice.stats.refused)
    yield reading("fights", "Fights that go on.", node.services.encounters.count())
    yield reading("known_rooms", "Rooms of the world.", len(node.services.world.world.rooms))
    yield reading("live_sessions", "Signed-in sessions used lately.", node.services.sessions.active_count)
    yield reading("memory_usage_bytes", "Resident memory of this process.", resident_bytes())
    yield reading("connections", "Open WebSocket and SSE connections.", play.connected)
    yield reading("joining_connections", "Connections being authenticated.", play.joining)
    yield reading("handshakes", "Connections that asked to come in.", play.handshakes, "counter")
    yield reading("refused_connections", "WebSockets refused.", kind="counter", by="code", values=play.refused)
    yield reading("commands", "Commands received.", play.commands, "counter")
    taken = "From a command being taken up to its answer."
    yield reading("command_seconds", taken, kind="histogram", shape=services.commands.seconds)
    late = "How late the event loop comes to what is due."
    yield reading("event_loop_lag_seconds", late, kind="histogram", shape=services.loop_lag.seconds)
    yield reading("tasks", "Tasks of the event loop.", _tasks())
    waiting, paused = _outboxes(node)
    yield reading("unwritten_events", "Events that connections have still to get.", waiting)
    yield reading("paused_outboxes", "Connections whose peer does not read as fast as things happen.", paused)
    happened = "Events about security."
    yield reading("security_events", happened, kind="counter", by="event", values=security.counts)
    yield reading("faults", "Things that went wrong in our own code.", book.faults.total, "counter")
    yield reading("log_lines", "Lines of the log.", kind="counter", by="level", values=book.counts)
    refused = node.services.commands.refused
    yield reading("refused_commands", "Commands refused.", kind="counter", by="code", values=refused)
    yield reading("error_answers", "Requests answered with an error.", kind="counter", by="code", values=errors)
    yield reading("bad_messages", "Messages that broke the format.", play.bad_messages, "counter")
    yield reading("rate_limited_messages", "Messages dropped by the rate limit.", play.rate_limited, "counter")
    yield reading("flood_closures", "Connections closed for flooding.", play.flood_closed, "counter")
    yield reading("ping_timeouts", "Connections closed for not answering.", play.ping_timeouts, "counter")
    yield reading("events_published", "Events published.", hub.published, "counter")
    yield reading("deliveries", "Events numbered for a stream.", hub.deliveries, "counter")
    yield reading("low_dropped_events", "LOW events nobody got.", hub.low_dropped, "counter")
    yield reading("slow_closures", "Connections closed for reading too slowly.", hub.slow_closed, "counter")
    yield reading("resumed_streams", "Streams taken up again.", hub.resumed, "counter")
    yield reading("resets", "Streams that could not be resumed.", kind="counter", by="reason", values=hub.resets)
    yield reading("ended_streams", "Streams forgotten.", kind="counter", by="reason", values=hub.streams_ended)
    yield reading("store_writes", "Transactions committed.", rows.writes, "counter")
    yield reading("store_commits", "Commits; a group of transactions shares one.", rows.groups, "counter")
    yield reading("store_failures", "Transactions lost to the database.", rows.failures, "counter")
    yield reading("store_retries", "Transactions run again.", rows.retries, "counter")
    yield reading("store_queued_transactions", "Transactions waiting or running.", rows.queued)
    yield reading("store_connections", "Database connections open.", rows.connections)
    yield reading("store_busy_connections", "Database connections in use.", rows.connections_in_use)
    backups = node.services.backups.stats
    yield reading("backups", "Backups made by this process.", backups.made, "counter")
    yield reading("backup_failures", "Backups that failed.", backups.failed, "counter")
    newest = backups.newest
    since = newest.taken_at.timestamp() if newest else 0
    yield reading("backup_taken_seconds", "When the newest was taken, since 1970; 0 for never.", since)
    yield reading("backup_size_bytes", "Size of the newest.", newest.size if newest else 0)


def _of_metaserver(stats: MetaserverStats) -> Iterator[Reading]:
    reading = Reading
    yield reading("metaserver_connections", "Open connections of old clients.", stats.connected)
    yield reading("metaserver_lobby_connections", "Connections of old clients that are in a lobby.", stats.in_rooms)
    yield reading("metaserver_accepted_connections", "Connections of old clients taken.", stats.accepted, "counter")
    turned_away = "Connections of old clients that were not taken, or had to make room."
    yield reading(
        "metaserver_turned_away_connections", turned_away, kind="counter", by="reason", values=stats.turned_away
    )
    yield reading("metaserver_logins", "Old clients that logged in.", kind="counter", by="client", values=stats.logins)
    entered = "Lobbies entered by old clients."
    yield reading("metaserver_entered_lobbies", entered, kind="counter", by="client", values=stats.entered)
    yield reading("metaserver_refusals", "Old clients refused.", kind="counter", by="code", values=stats.refused)
    closed = "Connections of old clients that we closed."
    yield reading("metaserver_closed_connections", closed, kind="counter", by="reason", values=stats.closed)
    yield reading("metaserver_packets", "Packets from old clients.", stats.packets, "counter")
    yield reading("metaserver_ignored_packets", "Of these, meant nothing.", stats.ignored_packets, "counter")
    yield reading(
        "metaserver_rate_limited_packets", "Of these, dropped by the rate limit.", stats.rate_limited, "counter"
    )


def _of_shards(stats: ShardsStats) -> Iterator[Reading]:
    reading = Reading
    yield reading("shards_connections", "Open WebSockets of the Shards door.", stats.connected)
    yield reading("shards_accepted_connections", "WebSockets of the Shards door taken.", stats.accepted, "counter")
    turned_away = "WebSockets of the Shards door that were not taken, or had to make room."
    yield reading("shards_turned_away_connections", turned_away, kind="counter", by="reason", values=stats.turned_away)
    yield reading("shards_logins", "Log-ins at the Shards door.", stats.logins, "counter")
    yield reading("shards_messages", "Messages at the Shards door.", stats.messages, "counter")
    yield reading("shards_bad_messages", "Of these, broke the format.", stats.bad_messages, "counter")
    refused = "Messages at the Shards door answered with an error."
    yield reading("shards_refusals", refused, kind="counter", by="code", values=stats.refused)
    limited = "Messages and requests at the Shards door dropped by the rate limit."
    yield reading("shards_rate_limited_messages", limited, stats.rate_limited, "counter")
    yield reading("shards_discarded_frames", "Frames not sent to peers that do not read.", stats.discarded, "counter")


def _of_telnet(stats: TelnetStats) -> Iterator[Reading]:
    reading = Reading
    yield reading("telnet_connections", "Open connections of the telnet door.", stats.connected)
    yield reading("telnet_playing_connections", "Of these, in the world.", stats.playing)
    taken = "Connections of the telnet door taken."
    yield reading("telnet_accepted_connections", taken, kind="counter", by="line", values=stats.accepted)
    turned_away = "Connections of the telnet door that were not taken, or had to make room."
    yield reading("telnet_turned_away_connections", turned_away, kind="counter", by="reason", values=stats.turned_away)
    yield reading("telnet_sign_ins", "Sign-ins at the telnet door.", kind="counter", by="how", values=stats.sign_ins)
    refused = "Refusals at the telnet door before the world."
    yield reading("telnet_refusals", refused, kind="counter", by="code", values=stats.refused)
    closed = "Connections of the telnet door that we closed."
    yield reading("telnet_closed_connections", closed, kind="counter", by="reason", values=stats.closed)
    agreed = "Options that telnet clients agreed to."
    yield reading("telnet_agreed_options", agreed, kind="counter", by="option", values=stats.agreed)
    yield reading("telnet_lines", "Lines typed at the telnet door.", stats.lines, "counter")
    yield reading("telnet_long_lines", "Of these, too long.", stats.long_lines, "counter")
    yield reading("telnet_rate_limited_lines", "Of these, dropped by the rate limit.", stats.rate_limited, "counter")
    asked = "Times the server's status (MSSP) was told."
    yield reading("telnet_status_questions", asked, stats.status_questions, "counter")
    yield reading("telnet_plain_bytes", "Bytes that were compressed.", stats.plain_bytes, "counter")
    yield reading("telnet_compressed_bytes", "What became of them.", stats.compressed_bytes, "counter")


def _of_sockets(sockets: Sockets) -> Iterator[Reading]:
    reading = Reading
    yield reading("http_connections", "Open HTTP connections, those of WebSockets among them.", sockets.open)
    yield reading("http_refused_connections", "HTTP connections beyond the limits.", sockets.refused, "counter")
    yield reading("http_large_heads", "Requests refused for a head too large.", sockets.too_large, "counter")
    yield reading("http_late_requests", "Requests whose head or body took too long.", sockets.late, "counter")
