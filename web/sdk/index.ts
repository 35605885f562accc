/** Mythgate's TypeScript SDK: sign in, connect, hear what happens, send commands. No React in here. */
export * from "./administration.ts";
export * from "./adventure.ts";
export * from "./api.ts";
export * from "./appeals.ts";
export { delayBefore, QUICK_ATTEMPTS } from "./backoff.ts";
export {
  browserNetwork,
  Connection,
  type ConnectionOptions,
  type ConnectionState,
  type ConnectionStatus,
  type Ending,
  type NetworkSignals,
  refusedVisit,
  type SocketFactory,
} from "./connection.ts";
export { Console, type LogWishes, type RecordWishes } from "./console.ts";
export { type EnvelopeOf, type EventType, MalformedFrame, parseFrame, type ServerEvent } from "./envelope.ts";
export { AuthenticationError, type FieldProblem, MythError, Refused, Unreachable } from "./errors.ts";
export type * as AdminApi from "./generated/console.ts";
export type * from "./generated/events.ts";
export { randomId } from "./ids.ts";
export type * from "./lobbies.ts";
export * from "./notices.ts";
export { Outbox, type PendingCommand } from "./outbox.ts";
export { type LadderQuery, Pages, type ResultQuery, type Season } from "./pages.ts";
export { type Handler, Player, type PlayerOptions } from "./player.ts";
export { Sequencer } from "./sequencer.ts";
export { inMemory, type LoginStore, Session, type StoredLogin } from "./session.ts";
export type * from "./status.ts";
export { type PeerState, VoiceMesh, type VoiceMeshOptions } from "./voice.ts";
export type * from "./world.ts";
