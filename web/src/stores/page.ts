/** Which page of the client this is: the world, or another one at its own address. */
import { create } from "zustand";

export type Page = "world" | "lobby" | "journal" | "admin" | "status" | "notices" | "appeal";

interface PageState {
  readonly page: Page;
  /** What stands behind the page in the address, such as `users/…` of the administration. */
  readonly part: string;
  /** What stands behind that: how the part is narrowed, such as `search=ada`. */
  readonly query: string;
  /** The lobby to be in; entered as soon as that is possible, and again after the connection was lost for long. */
  readonly wanted: number | null;
  /** Whether the player edits their profile. */
  readonly profileOpen: boolean;
}

// Exact, for a path prefix of a reverse proxy may have any name: "/admin/" is the world behind one.
// The parts of the administration are those of `features/admin/sections.ts`.
const PAGES =
  /\/(?:(lobby|journal|status|notices|appeal)|(admin)(?:\/((?:now|rooms|users|moderation|games|world|messages|logs|lab|system|factor)(?:\/[^/]+){0,2}))?)$/;

interface Address {
  readonly page: Page;
  readonly part: string;
  /** The path of the folder that the client is in. */
  readonly root: string;
}

export function readAddress(path: string): Address {
  const found = PAGES.exec(path);
  if (!found) return { page: "world", part: "", root: path.slice(0, path.lastIndexOf("/") + 1) };
  const page = (found[1] ?? found[2]) as Page;
  return { page, part: found[3] ?? "", root: path.slice(0, found.index + 1) };
}

const here = (): Address =>
  typeof location === "undefined" ? { page: "world", part: "", root: "/" } : readAddress(location.pathname);

/** Where the client was loaded from, whatever page it was opened at. */
export const rootAddress = (): string =>
  typeof document === "undefined" ? "http://localhost/" : new URL(here().root, document.baseURI).href;

const { page: first, part: firstPart } = here();
const queryHere = (): string => (typeof location === "undefined" ? "" : location.search.slice(1));

export const usePage = create<PageState>(() => ({
  page: first,
  part: firstPart,
  query: queryHere(),
  wanted: null,
  profileOpen: false,
}));

/** The address of a page, for links and the browser's history. */
export function addressOf(page: Page, part = "", query = ""): string {
  const path = page === "world" ? "" : part ? `${page}/${part}` : page;
  return here().root + path + (query && `?${query}`);
}

/** Turn to a page without loading anything. */
export function goTo(page: Page, part = "", query = ""): void {
  const now = usePage.getState();
  if (now.page === page && now.part === part && now.query === query) return;
  history.pushState(null, "", addressOf(page, part, query));
  usePage.setState({ page, part, query });
}

/** Say in the address how the page is narrowed; "back" leaves the page all the same. */
export function narrow(query: string): void {
  const { page, part, query: before } = usePage.getState();
  if (query === before) return;
  history.replaceState(null, "", addressOf(page, part, query));
  usePage.setState({ query });
}

export const showProfile = (profileOpen: boolean): void => usePage.setState({ profileOpen });

export const want = (roomId: number | null): void => usePage.setState({ wanted: roomId });

if (typeof window !== "undefined") {
  window.addEventListener("popstate", () => {
    const { page, part } = here();
    usePage.setState({ page, part, query: queryHere() });
  });
}
