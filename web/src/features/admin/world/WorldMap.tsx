import type { AdminApi } from "@mythgate/sdk";
import { useMemo, useState } from "react";
import { drawing, layersOf } from "../../../stores/adminMap.ts";
import { Choice } from "../../../ui/Choice.tsx";
import styles from "./World.module.css";

interface WorldMapProps {
  readonly places: readonly AdminApi.MapPlace[];
  /** Id of a room; empty: none. */
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

const SIZE = 22;
const TINTS = 6;

/** All rooms of one level of the world with the ways between them. The list below it says the same. */
export function WorldMap({ places, chosen, onChoose }: WorldMapProps) {
  const layers = useMemo(() => layersOf(places), [places]);
  const [wanted, setWanted] = useState("");
  const own = layers.find(({ rooms }) => rooms.some(({ id }) => id === chosen));
  const layer = layers.find(({ id }) => id === wanted) ?? own ?? layers[0];
  const drawn = useMemo(() => (layer ? drawing(layer.rooms) : null), [layer]);
  if (!layer || !drawn) return null;
  const zones = [...new Set(layer.rooms.map(({ zone }) => zone))];
  const people = layer.rooms.reduce((sum, one) => sum + one.people, 0);
  return (
    <div className={styles.map}>
      {layers.length > 1 && (
        <Choice
          label="Level"
          value={layer.id}
          options={layers.map(({ id, name }) => [id, name])}
          onChange={setWanted}
        />
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={styles.sheet} aria-label="Map" tabIndex={0}>
        <svg
          className={styles.drawing}
          style={{ width: drawn.width, height: drawn.height }}
          viewBox={`${drawn.left} ${drawn.top} ${drawn.width} ${drawn.height}`}
          role="img"
          aria-label={`Map of ${layer.name}: ${layer.rooms.length} rooms with ${people} people. The list below says the same.`}
        >
          {drawn.ways.map(({ id, from, to, isLocked, isHidden }) => (
            <line
              key={id}
              className={styles.way}
              data-locked={isLocked || undefined}
              data-hidden={isHidden || undefined}
              x1={from.x}
              y1={from.y}
              x2={to.x}
              y2={to.y}
            />
          ))}
          {drawn.spots.map(({ room, x, y, leadsUp, leadsDown }) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list of rooms is for keyboards
            <g
              key={room.id}
              className={styles.place}
              data-chosen={room.id === chosen || undefined}
              data-locked={room.locked || undefined}
              transform={`translate(${x} ${y})`}
              onClick={() => onChoose(room.id)}
            >
              <title>{`${room.name}${room.people > 0 ? `: ${room.people} here` : ""}`}</title>
              <rect
                className={styles.tint}
                data-tint={zones.indexOf(room.zone) % TINTS}
                x={-SIZE / 2}
                y={-SIZE / 2}
                width={SIZE}
                height={SIZE}
                rx={2}
              />
              {(leadsUp || leadsDown) && (
                <text className={styles.stairs} x={SIZE / 2 + 2} y={-SIZE / 2 + 6}>
                  {leadsUp && "▴"}
                  {leadsDown && "▾"}
                </text>
              )}
              {room.people > 0 && (
                <>
                  <circle className={styles.crowd} r={8} />
                  <text className={styles.count} y={4}>
                    {room.people}
                  </text>
                </>
              )}
            </g>
          ))}
        </svg>
      </section>
      <ul className={styles.legend} aria-label="Zones">
        {zones.map((zone, number) => (
          <li key={zone}>
            <svg width="12" height="12" aria-hidden>
              <rect className={styles.tint} data-tint={number % TINTS} width="12" height="12" />
            </svg>
            {zone}
          </li>
        ))}
      </ul>
    </div>
  );
}
