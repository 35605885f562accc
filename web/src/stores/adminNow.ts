/** How the server does: the present, and the hour before it. */
import type { AdminApi } from "@mythgate/sdk";

export interface Hour {
  readonly now: AdminApi.NowAnswer;
  /** The oldest first. */
  readonly points: readonly AdminApi.ReadingPoint[];
}

interface Source {
  readonly now: () => Promise<AdminApi.NowAnswer>;
  readonly series: () => Promise<AdminApi.NowSeries>;
}

const HOUR_MS = 3_600_000;

/** The last hour, which is asked for once; the present then adds to it, and what is missed is asked for again. */
export class LastHour {
  readonly #source: Source;
  #points: readonly AdminApi.ReadingPoint[] | null = null;
  #everyMs = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  read = async (): Promise<Hour> => {
    const now = await this.#source.now();
    const { newest } = now;
    if (this.#points === null || this.#misses(newest)) {
      const { points, every_seconds } = await this.#source.series();
      this.#points = points;
      this.#everyMs = every_seconds * 1000;
    } else if (newest && newest.at !== this.#points.at(-1)?.at) {
      const since = Date.parse(newest.at) - HOUR_MS;
      this.#points = [...this.#points.filter(({ at }) => Date.parse(at) > since), newest];
    }
    return { now, points: this.#points };
  };

  /** Whether there were points between the last that is known and `newest`, or the server began anew. */
  #misses(newest: AdminApi.ReadingPoint | null): boolean {
    const last = this.#points?.at(-1);
    if (!newest || !last) return newest !== null;
    const passed = Date.parse(newest.at) - Date.parse(last.at);
    return passed < 0 || passed > this.#everyMs * 1.5;
  }
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, one) => total + one, 0);

export interface Measure {
  readonly title: string;
  readonly of: (point: AdminApi.ReadingPoint) => number;
  readonly unit: string;
}

/** What the charts show. */
export const MEASURES: readonly Measure[] = [
  { title: "Players", of: (point) => point.players, unit: "" },
  { title: "Messages", of: (point) => point.messages_per_second, unit: "/s" },
  { title: "Latency, p99", of: (point) => point.latency_p99_ms, unit: " ms" },
  { title: "Loop lag, p99", of: (point) => point.loop_lag_p99_ms, unit: " ms" },
  { title: "Refusals", of: (point) => sum(point.refusals_per_second), unit: "/s" },
  { title: "Errors", of: (point) => point.errors_per_second, unit: "/s" },
];

/** A value as people read it: at most three figures after the first that is not zero. */
export const figure = (value: number, unit: string): string =>
  `${Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 })}${unit}`;

export const bytes = (count: number): string => {
  const steps = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let step = 0;
  while (value >= 1024 && step < steps.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${step === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${steps[step]}`;
};

/** Doors by how many came through them, the fullest first. */
export const byCount = (counts: Readonly<Record<string, number>>): (readonly [string, number])[] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([one, many], [other, few]) => few - many || one.localeCompare(other));
