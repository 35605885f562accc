import { useCallback, useEffect, useRef, useState } from "react";
import { Poll, type Reading } from "../../stores/adminPoll.ts";

export interface Polled<T> extends Reading<T> {
  /** Ask at once. */
  readonly refresh: () => void;
  /** Show what an act answered with, without asking. */
  readonly put: (value: T) => void;
}

/**
 * What `read` gives, asked for at once, every `everyMs` while the page is seen if that is not null, and anew when
 * `key` changes; what was known under another key is forgotten.
 */
export function usePolled<T>(read: () => Promise<T>, everyMs: number | null, key = ""): Polled<T> {
  const [reading, setReading] = useState<Reading<T> & { readonly key: string }>({
    value: null,
    problem: null,
    busy: true,
    key,
  });
  const latest = useRef(read);
  latest.current = read;
  const poll = useRef<Poll<T> | null>(null);
  useEffect(() => {
    const mine = new Poll<T>({
      read: () => latest.current(),
      everyMs,
      onChange: (next) => setReading({ ...next, key }),
      isWatched: () => document.visibilityState === "visible",
    });
    poll.current = mine;
    void mine.ask();
    const onSeen = () => everyMs !== null && document.visibilityState === "visible" && void mine.ask();
    document.addEventListener("visibilitychange", onSeen);
    return () => {
      mine.stop();
      document.removeEventListener("visibilitychange", onSeen);
    };
  }, [everyMs, key]);
  const refresh = useCallback(() => void poll.current?.ask(), []);
  const put = useCallback((value: T) => setReading((before) => ({ ...before, value, problem: null })), []);
  return reading.key === key ? { ...reading, refresh, put } : { value: null, problem: null, busy: true, refresh, put };
}
