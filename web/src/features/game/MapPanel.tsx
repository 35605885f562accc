import type { ExploredMap, MapRoom } from "@mythgate/sdk";
import { type PointerEvent, useMemo, useRef, useState } from "react";
import { useMap } from "../../stores/map.ts";
import { send, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { walk } from "./directions.ts";
import styles from "./Map.module.css";

/** The rooms explored so far, drawn; the one next door is a click away. */
export function MapPanel() {
  const map = useMap((state) => state.map);
  const problem = useMap((state) => state.problem);
  const roomId = usePlay((state) => state.game.room?.id);
  const here = map?.rooms.find((room) => room.id === roomId);
  return (
    <Panel title="Map" extra={map ? `${map.rooms.length} explored` : undefined}>
      {map && here ? (
        <div className={styles.map}>
          <Drawing map={map} here={here} />
          <Legend map={map} level={here.z} />
          <MapAsText map={map} here={here} />
        </div>
      ) : (
        <p className={styles.none}>{problem ? "The map cannot be read right now." : "Nothing is drawn yet."}</p>
      )}
    </Panel>
  );
}

const CELL = 44;
const SIZE = 22;
const VIEW = { width: 280, height: 240 };
const ZOOMS = [0.5, 0.75, 1, 1.5, 2] as const;
const NORMAL_ZOOM = 2;
/** Unit steps of the drawn directions; y grows southwards. */
const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  north: [0, -1],
  northeast: [1, -1],
  east: [1, 0],
  southeast: [1, 1],
  south: [0, 1],
  southwest: [-1, 1],
  west: [-1, 0],
  northwest: [-1, -1],
};

interface DrawingProps {
  readonly map: ExploredMap;
  readonly here: MapRoom;
}

function Drawing({ map, here }: DrawingProps) {
  const [zoom, setZoom] = useState(NORMAL_ZOOM);
  const [moved, setMoved] = useState({ room: here.id, x: 0, y: 0 });
  const drag = useRef<{ x: number; y: number; far: boolean } | null>(null);

  // Dragging is relative to a room: walking on brings the player back into view.
  const pan = moved.room === here.id ? moved : { room: here.id, x: 0, y: 0 };
  const scale = ZOOMS[zoom] ?? 1;
  const width = VIEW.width / scale;
  const height = VIEW.height / scale;
  const left = here.x * CELL - width / 2 - pan.x;
  const top = here.y * CELL - height / 2 - pan.y;

  function onPointerMove(event: PointerEvent<SVGSVGElement>) {
    const start = drag.current;
    if (!start) return;
    const perPixel = width / event.currentTarget.clientWidth;
    const x = (event.clientX - start.x) * perPixel;
    const y = (event.clientY - start.y) * perPixel;
    if (!start.far && Math.abs(x) + Math.abs(y) < 4) return;
    if (!start.far) event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, y: event.clientY, far: true };
    setMoved({ room: here.id, x: pan.x + x, y: pan.y + y });
  }

  const count = map.rooms.length;
  return (
    <div className={styles.frame}>
      <p className={styles.label} aria-hidden>
        {here.name}
      </p>
      <svg
        className={styles.drawing}
        viewBox={`${left} ${top} ${width} ${height}`}
        role="img"
        aria-label={`Map of ${count} explored ${count === 1 ? "place" : "places"}. You are in ${here.name}.`}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, far: false };
        }}
        onPointerMove={onPointerMove}
        onPointerUp={() => {
          drag.current = null;
        }}
        onPointerCancel={() => {
          drag.current = null;
        }}
        onWheel={(event) => setZoom(clampZoom(zoom + (event.deltaY < 0 ? 1 : -1)))}
      >
        <Level map={map} here={here} />
      </svg>
      <div className={styles.tools}>
        <Button
          className={styles.tool}
          aria-label="Zoom out"
          isDisabled={zoom === 0}
          onPress={() => setZoom(clampZoom(zoom - 1))}
        >
          −
        </Button>
        <Button
          className={styles.tool}
          aria-label="Show where I am"
          onPress={() => setMoved({ room: here.id, x: 0, y: 0 })}
        >
          ◎
        </Button>
        <Button
          className={styles.tool}
          aria-label="Zoom in"
          isDisabled={zoom === ZOOMS.length - 1}
          onPress={() => setZoom(clampZoom(zoom + 1))}
        >
          +
        </Button>
      </div>
    </div>
  );
}

const clampZoom = (zoom: number): number => Math.max(0, Math.min(ZOOMS.length - 1, zoom));

/** The rooms on the player's own level, and the ways between them. */
function Level({ map, here }: DrawingProps) {
  const colours = useMemo(() => new Map(map.zones.map((zone) => [zone.id, zone.colour])), [map.zones]);
  const rooms = useMemo(() => map.rooms.filter((room) => room.z === here.z), [map.rooms, here.z]);
  const known = useMemo(() => new Map(map.rooms.map((room) => [room.id, room])), [map.rooms]);
  const directionTo = new Map(
    Object.entries(here.exits).flatMap(([direction, target]) => (target ? [[target, direction] as const] : [])),
  );
  return (
    <>
      {rooms.map((room) => (
        <Ways key={room.id} room={room} known={known} />
      ))}
      {rooms.map((room) => {
        const direction = directionTo.get(room.id);
        const isHere = room.id === here.id;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the pointer; the list of exits does the same
          <g
            key={room.id}
            className={isHere ? styles.here : direction ? styles.near : undefined}
            onClick={direction ? () => send(walk(direction)) : undefined}
          >
            <title>{direction ? `${room.name}: walk ${direction}` : room.name}</title>
            <rect
              className={styles.room}
              x={room.x * CELL - SIZE / 2}
              y={room.y * CELL - SIZE / 2}
              width={SIZE}
              height={SIZE}
              rx={4}
              fill={colours.get(room.zone) ?? "var(--raised)"}
            />
            {isHere && <circle className={styles.you} cx={room.x * CELL} cy={room.y * CELL} r={5} />}
            {"up" in room.exits && (
              <text className={styles.stairs} x={room.x * CELL + SIZE / 2 + 5} y={room.y * CELL - 4}>
                ▲
              </text>
            )}
            {"down" in room.exits && (
              <text className={styles.stairs} x={room.x * CELL + SIZE / 2 + 5} y={room.y * CELL + 10}>
                ▼
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

function Ways({ room, known }: { readonly room: MapRoom; readonly known: ReadonlyMap<string, MapRoom> }) {
  const x = room.x * CELL;
  const y = room.y * CELL;
  return Object.entries(room.exits).map(([direction, targetId]) => {
    const step = STEPS[direction];
    const target = targetId ? known.get(targetId) : undefined;
    if (target && target.z === room.z) {
      return <line key={direction} className={styles.way} x1={x} y1={y} x2={target.x * CELL} y2={target.y * CELL} />;
    }
    if (target || !step) return null;
    const reach = SIZE / 2 + 10;
    return (
      <line
        key={direction}
        className={styles.unknown}
        x1={x}
        y1={y}
        x2={x + step[0] * reach}
        y2={y + step[1] * reach}
      />
    );
  });
}

function Legend({ map, level }: { readonly map: ExploredMap; readonly level: number }) {
  const present = new Set(map.rooms.filter((room) => room.z === level).map((room) => room.zone));
  return (
    <ul className={styles.legend} aria-label="Zones">
      {map.zones
        .filter((zone) => present.has(zone.id))
        .map((zone) => (
          <li key={zone.id}>
            <span className={styles.swatch} style={{ background: zone.colour }} />
            {zone.name}
          </li>
        ))}
    </ul>
  );
}

/** The same for those who do not see the drawing. */
function MapAsText({ map, here }: DrawingProps) {
  const names = new Map(map.rooms.map((room) => [room.id, room.name]));
  return (
    <details className={styles.text}>
      <summary>The map in words</summary>
      {map.zones
        .map((zone) => ({ zone, rooms: map.rooms.filter((room) => room.zone === zone.id) }))
        .filter(({ rooms }) => rooms.length > 0)
        .map(({ zone, rooms }) => (
          <section key={zone.id}>
            <h3>{zone.name}</h3>
            <ul>
              {rooms.map((room) => (
                <li key={room.id}>
                  {room.name}
                  {room.id === here.id && " (you are here)"}:{" "}
                  {Object.entries(room.exits)
                    .map(([direction, target]) => `${direction} ${(target && names.get(target)) || "unexplored"}`)
                    .join(", ") || "no exits"}
                </li>
              ))}
            </ul>
          </section>
        ))}
    </details>
  );
}
