/** Which page of the client this is: the world, or the lobby at its own address. */
import { create } from "zustand";

export type Page = "world" | "lobby";

interface PageState {
  readonly page: Page;
  /** The lobby to be in; entered as soon as that is possible, and again after the connection was lost for long. */
  readonly wanted: number | null;
  /** Whether the player edits their profile. */
  readonly profileOpen: boolean;
}

const LOBBY = /\/lobby$/;

const pageOf = (path: string): Page => (LOBBY.test(path) ? "lobby" : "world");

export const usePage = create<PageState>(() => ({
  page: typeof location === "undefined" ? "world" : pageOf(location.pathname),
  wanted: null,
  profileOpen: false,
}));

/** Turn to a page without loading anything. */
export function goTo(page: Page): void {
  if (usePage.getState().page === page) return;
  const above = new URL("./", location.href).pathname;
  history.pushState(null, "", page === "lobby" ? `${above}lobby` : above);
  usePage.setState({ page });
}

export const showProfile = (profileOpen: boolean): void => usePage.setState({ profileOpen });

export const want = (roomId: number | null): void => usePage.setState({ wanted: roomId });

if (typeof window !== "undefined") {
  window.addEventListener("popstate", () => usePage.setState({ page: pageOf(location.pathname) }));
}
