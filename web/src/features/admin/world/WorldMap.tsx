import { useMemo, useState } from "react";
import { Choice } from "../../../ui/Choice.tsx";
import styles from "./World.module.css";

export interface Place {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Where the ways lead, by direction. */
  readonly exits: Readonly<Record<string, string>>;
  readonly people: number;
}

interface WorldMapProps {
  readonly places: readonly Place[];
  readonly zones: ReadonlyMap<string, { readonly name: string; readonly colour: string }>;
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

const CELL = 40;
const SIZE = 22;

/** All rooms on a level of the world with the ways between them. The list beside it says the same. */
export function WorldMap({ places, zones, chosen, onChoose }: WorldMapProps) {
  const levels = useMemo(() => [...new Set(places.map(({ z }) => z))].sort((one, other) => other - one), [places]);
  const [level, setLevel] = useState<number | null>(null);
  const known = useMemo(() => new Map(places.map((place) => [place.id, place])), [places]);
  const shown = level ?? known.get(chosen)?.z ?? (levels.includes(0) ? 0 : (levels[0] ?? 0));
  const here = places.filter(({ z }) => z === shown);
  const left = Math.min(...here.map(({ x }) => x)) * CELL - CELL;
  const top = Math.min(...here.map(({ y }) => y)) * CELL - CELL;
  const width = Math.max(...here.map(({ x }) => x)) * CELL + CELL - left;
  const height = Math.max(...here.map(({ y }) => y)) * CELL + CELL - top;
  const people = here.reduce((sum, one) => sum + one.people, 0);
  return (
    <div className={styles.map}>
      {levels.length > 1 && (
        <Choice
          label="Level"
          value={String(shown)}
          options={levels.map((one) => [String(one), levelName(one)])}
          onChange={(next) => setLevel(Number(next))}
        />
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={styles.sheet} aria-label="Map" tabIndex={0}>
        <svg
          className={styles.drawing}
          style={{ width, height }}
          viewBox={`${left} ${top} ${width} ${height}`}
          role="img"
          aria-label={`Map of ${here.length} rooms on the level ${levelName(shown)}, with ${people} people. The list of rooms says the same.`}
        >
          {here.flatMap((place) =>
            Object.values(place.exits).map((id) => {
              const target = known.get(id);
              return target && target.z === shown && place.id < target.id ? (
                <line
                  key={`${place.id} ${id}`}
                  className={styles.way}
                  x1={place.x * CELL}
                  y1={place.y * CELL}
                  x2={target.x * CELL}
                  y2={target.y * CELL}
                />
              ) : null;
            }),
          )}
          {here.map((place) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list of rooms is for keyboards
            <g
              key={place.id}
              className={styles.place}
              data-chosen={place.id === chosen || undefined}
              transform={`translate(${place.x * CELL} ${place.y * CELL})`}
              onClick={() => onChoose(place.id)}
            >
              <title>{`${place.name}${place.people > 0 ? `: ${place.people} here` : ""}`}</title>
              <rect
                x={-SIZE / 2}
                y={-SIZE / 2}
                width={SIZE}
                height={SIZE}
                rx={2}
                fill={zones.get(place.zone)?.colour ?? "var(--raised)"}
              />
              {["up", "down"].some((way) => way in place.exits) && (
                <text className={styles.stairs} x={SIZE / 2 + 2} y={-SIZE / 2 + 6}>
                  {"up" in place.exits ? "▴" : ""}
                  {"down" in place.exits ? "▾" : ""}
                </text>
              )}
              {place.people > 0 && (
                <>
                  <circle className={styles.crowd} r={8} />
                  <text className={styles.count} y={4}>
                    {place.people}
                  </text>
                </>
              )}
            </g>
          ))}
        </svg>
      </section>
      <ul className={styles.legend} aria-label="Zones">
        {[...zones].map(([id, zone]) => (
          <li key={id}>
            <span className={styles.swatch} style={{ background: zone.colour }} aria-hidden />
            {zone.name}
          </li>
        ))}
      </ul>
    </div>
  );
}

const levelName = (z: number): string => (z === 0 ? "ground" : z > 0 ? `${z} up` : `${-z} down`);
