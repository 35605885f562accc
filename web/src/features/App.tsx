import { lazy, Suspense, useEffect } from "react";
import { useLogin } from "../stores/login.ts";
import { usePage } from "../stores/page.ts";
import { usePlay } from "../stores/play.ts";
import { useSettings } from "../stores/settings.ts";
import { Characters } from "./characters/Characters.tsx";
import { Entrance } from "./entrance/Entrance.tsx";
import { Game } from "./game/Game.tsx";

// Pages of their own, which not everybody opens.
const Lobby = lazy(async () => ({ default: (await import("./lobby/Lobby.tsx")).Lobby }));
const Overview = lazy(async () => ({ default: (await import("./lobby/Overview.tsx")).Overview }));
const Administration = lazy(async () => ({
  default: (await import("./admin/Administration.tsx")).Administration,
}));
const Appeal = lazy(async () => ({ default: (await import("./appeal/Appeal.tsx")).Appeal }));
const Journal = lazy(async () => ({ default: (await import("./adventure/Journal.tsx")).Journal }));
const Notices = lazy(async () => ({ default: (await import("./notices/Notices.tsx")).Notices }));
const Status = lazy(async () => ({ default: (await import("./status/Status.tsx")).Status }));

export function App() {
  const signedIn = useLogin((state) => state.login !== null);
  const playing = usePlay((state) => state.character !== null);
  const page = usePage((state) => state.page);
  useAppearance();
  if (page === "status")
    return (
      <Suspense>
        <Status />
      </Suspense>
    );
  if (page === "appeal")
    return (
      <Suspense>
        <Appeal />
      </Suspense>
    );
  if (page === "admin")
    return (
      <Suspense>
        <Administration />
      </Suspense>
    );
  if (page === "lobby") return <Suspense>{signedIn && playing ? <Lobby /> : <Overview />}</Suspense>;
  if (!signedIn) return <Entrance />;
  if (page === "notices")
    return (
      <Suspense>
        <Notices />
      </Suspense>
    );
  if (page === "journal" && playing)
    return (
      <Suspense>
        <Journal />
      </Suspense>
    );
  return playing ? <Game /> : <Characters />;
}

/** Tells the style sheets which theme and text size are wanted. */
function useAppearance() {
  const theme = useSettings((state) => state.theme);
  const textSize = useSettings((state) => state.textSize);
  useEffect(() => {
    const prefersLight = window.matchMedia("(prefers-color-scheme: light)");
    const apply = () => {
      const light = theme === "light" || (theme === "auto" && prefersLight.matches);
      document.documentElement.dataset.theme = light ? "light" : "dark";
    };
    apply();
    prefersLight.addEventListener("change", apply);
    return () => prefersLight.removeEventListener("change", apply);
  }, [theme]);
  useEffect(() => {
    document.documentElement.dataset.textSize = textSize;
  }, [textSize]);
}
