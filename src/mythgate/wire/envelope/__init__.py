"""The native envelope: events to JSON, MessagePack and SSE; client messages from JSON and MessagePack.

    {"sequence_number": 17, "event_type": "chat_message", "timestamp": "2026-03-01T12:00:00.123456Z",
     "data": {…}, "room_id"?, "player_id"?, "priority"?, "version"?, "message_id"?, "reply_to"?}

Optional fields are left out when they do not apply; `priority` is left out when it is `normal`.
"""
