/** The map of the rooms explored so far. */
import type { ExploredMap } from "@mythgate/sdk";
import { create } from "zustand";
import { session } from "./login.ts";
import { usePlay } from "./play.ts";

interface MapState {
  readonly map: ExploredMap | null;
  readonly problem: boolean;
}

export const useMap = create<MapState>(() => ({ map: null, problem: false }));

let loading = false;
let again = false;

/** Get the map anew; calls while one is under way become one more afterwards. */
export async function loadMap(): Promise<void> {
  again = true;
  if (loading) return;
  loading = true;
  while (again) {
    again = false;
    try {
      useMap.setState({ map: await session.exploredMap(), problem: false });
    } catch {
      useMap.setState({ problem: true });
    }
  }
  loading = false;
}

usePlay.subscribe((state, before) => {
  if (state.character?.id !== before.character?.id) useMap.setState({ map: null, problem: false });
  const room = state.game.room?.id;
  if (!room || state.connection.state !== "connected") return;
  const { map } = useMap.getState();
  const entered = room !== before.game.room?.id || before.connection.state !== "connected";
  if (entered && !map?.rooms.some((known) => known.id === room)) void loadMap();
});
