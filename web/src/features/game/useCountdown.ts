import { useEffect, useState } from "react";
import { usePlay } from "../../stores/play.ts";

/** Whole seconds until `at` (milliseconds since the epoch), or null. */
export function useCountdown(at: number | null): number | null {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (at === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [at]);
  return at === null ? null : Math.max(0, Math.ceil((at - now) / 1000));
}

/** The same until a time of the server's clock. */
export function useServerCountdown(at: number | null): number | null {
  const ahead = usePlay((state) => state.clockAhead);
  return useCountdown(at === null ? null : at + ahead);
}
