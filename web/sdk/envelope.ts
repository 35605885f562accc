/** The envelope every event comes in, and how frames are read. */
import type { EventCatalogue } from "./generated/events.ts";

export type EventType = keyof EventCatalogue;

export interface EnvelopeOf<K extends EventType> {
  /** 1, 2, 3… without gaps, per play session. 0 for events outside of the numbering. */
  readonly sequence_number: number;
  readonly event_type: K;
  /** UTC, ISO 8601. */
  readonly timestamp: string;
  readonly data: EventCatalogue[K];
  readonly room_id?: string | null;
  readonly player_id?: string | null;
  readonly message_id?: string | null;
  /** The `message_id` of the command this answers. */
  readonly reply_to?: string | null;
  readonly priority?: number | string;
  readonly version?: number | null;
}

/** Any event; narrow it by `event_type`. A newer server may send types that are not in the catalogue. */
export type ServerEvent = { [K in EventType]: EnvelopeOf<K> }[EventType];

/** What arrived is not an envelope. */
export class MalformedFrame extends Error {
  override name = "MalformedFrame";
}

/**
 * The events of one frame: one envelope, or a list of them when `batch=1` was asked for. Servers before
 * the common envelope called the key `type`; both are understood.
 */
export function parseFrame(text: string): ServerEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedFrame("not JSON");
  }
  return (Array.isArray(value) ? value : [value]).map(asEvent);
}

function asEvent(value: unknown): ServerEvent {
  if (typeof value !== "object" || value === null) throw new MalformedFrame("not an object");
  const raw = value as Record<string, unknown>;
  const eventType = raw.event_type ?? raw.type;
  if (typeof eventType !== "string") throw new MalformedFrame("no event_type");
  return {
    ...raw,
    event_type: eventType,
    sequence_number: typeof raw.sequence_number === "number" ? raw.sequence_number : 0,
    timestamp: typeof raw.timestamp === "string" ? raw.timestamp : new Date().toISOString(),
    data: raw.data ?? {},
  } as ServerEvent;
}
