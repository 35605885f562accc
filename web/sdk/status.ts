/** What everybody may ask about the server. */
export interface ServerStatus {
  readonly name: string;
  readonly version: string;
  readonly node: string;
  readonly started_at: string;
  readonly server_time: string;
  /** Characters in the text world. */
  readonly players_online: number;
  readonly rooms: number;
  readonly rooms_occupied: number;
  readonly doors: readonly string[];
  readonly registration: "open" | "closed";
  readonly guests: boolean;
}
