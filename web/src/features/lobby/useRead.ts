import { useEffect, useRef, useState } from "react";
import { explain } from "../../stores/login.ts";

interface Reading<T> {
  readonly value: T | null;
  readonly problem: { message: string; hint: string } | null;
}

/** What `read` gives, asked for at once, every `everyMs` if that is not null, and anew when `key` changes. */
export function useRead<T>(read: () => Promise<T>, everyMs: number | null, key: unknown = null): Reading<T> {
  const [reading, setReading] = useState<Reading<T>>({ value: null, problem: null });
  const latest = useRef(read);
  latest.current = read;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asks again for another key
  useEffect(() => {
    let over = false;
    const ask = async () => {
      try {
        const value = await latest.current();
        if (!over) setReading({ value, problem: null });
      } catch (error) {
        if (!over) setReading(({ value }) => ({ value, problem: explain(error) }));
      }
    };
    void ask();
    const timer =
      everyMs === null ? undefined : setInterval(() => document.visibilityState === "visible" && void ask(), everyMs);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [everyMs, key]);
  return reading;
}
