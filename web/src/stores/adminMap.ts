/** The world as a drawing: which rooms lie on one sheet, and where on it. */
import type { AdminApi } from "@mythgate/sdk";

export interface Layer {
  readonly id: string;
  readonly name: string;
  readonly rooms: readonly AdminApi.MapPlace[];
}

/** The sheets to draw: a plane may have several levels. The largest first. */
export function layersOf(places: readonly AdminApi.MapPlace[]): readonly Layer[] {
  const sheets = new Map<string, AdminApi.MapPlace[]>();
  for (const place of places) {
    const id = `${place.plane} ${place.z}`;
    sheets.set(id, [...(sheets.get(id) ?? []), place]);
  }
  return [...sheets]
    .map(([id, rooms]) => ({ id, rooms, name: layerName(rooms[0]?.plane ?? "", rooms[0]?.z ?? 0) }))
    .sort((one, other) => other.rooms.length - one.rooms.length || one.name.localeCompare(other.name));
}

function layerName(plane: string, z: number): string {
  if (z === 0) return plane;
  return `${plane}, ${Math.abs(z)} ${z > 0 ? "up" : "down"}`;
}

const CELL = 40;

interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Spot extends Point {
  readonly room: AdminApi.MapPlace;
  readonly leadsUp: boolean;
  readonly leadsDown: boolean;
}

export interface Way {
  readonly id: string;
  readonly from: Point;
  readonly to: Point;
  readonly isLocked: boolean;
  readonly isHidden: boolean;
}

export interface Drawing {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly spots: readonly Spot[];
  /** Each once, though it leads both ways. */
  readonly ways: readonly Way[];
}

export function drawing(rooms: readonly AdminApi.MapPlace[]): Drawing {
  const spots = rooms.map((room) => ({
    room,
    x: room.x * CELL,
    y: room.y * CELL,
    leadsUp: room.exits.some(({ direction }) => direction === "up"),
    leadsDown: room.exits.some(({ direction }) => direction === "down"),
  }));
  const known = new Map(spots.map((spot) => [spot.room.id, spot]));
  const ways = new Map<string, Way>();
  for (const from of spots) {
    for (const { room_id, locked, hidden } of from.room.exits) {
      const to = known.get(room_id);
      const id = [from.room.id, room_id].sort().join(" ");
      if (to && !ways.has(id)) ways.set(id, { id, from, to, isLocked: locked, isHidden: hidden });
    }
  }
  const [left, top] = [Math.min(...spots.map(({ x }) => x)) - CELL, Math.min(...spots.map(({ y }) => y)) - CELL];
  return {
    left,
    top,
    width: Math.max(...spots.map(({ x }) => x)) + CELL - left,
    height: Math.max(...spots.map(({ y }) => y)) + CELL - top,
    spots,
    ways: [...ways.values()],
  };
}
