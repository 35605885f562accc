import { narrow, usePage } from "../../stores/page.ts";

/** How the page is narrowed, as its address says. */
export function useNarrowed<K extends string>(...names: readonly K[]): Readonly<Record<K, string>> {
  const query = new URLSearchParams(usePage((state) => state.query));
  return Object.fromEntries(names.map((name) => [name, query.get(name) ?? ""])) as Record<K, string>;
}

/** Change some of it; what is empty is not said in the address. */
export function narrowBy(change: Readonly<Record<string, string>>): void {
  const query = new URLSearchParams(usePage.getState().query);
  for (const [name, value] of Object.entries(change)) {
    if (value === "") query.delete(name);
    else query.set(name, value);
  }
  narrow(query.toString());
}
