import { useEffect, useState } from "react";
import { loadCommands } from "../../stores/input.ts";
import { isNews } from "../../stores/lines.ts";
import { useLogin } from "../../stores/login.ts";
import { usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import ui from "../../ui/ui.module.css";
import { PartyPanel } from "../adventure/PartyPanel.tsx";
import { Stage } from "../adventure/Stage.tsx";
import { useTitle } from "../useTitle.ts";
import { CommandLine } from "./CommandLine.tsx";
import { ConnectionBanner, TakenOver } from "./Connection.tsx";
import styles from "./Game.module.css";
import { Header } from "./Header.tsx";
import { InventoryPanel } from "./InventoryPanel.tsx";
import { Log } from "./Log.tsx";
import { MapPanel } from "./MapPanel.tsx";
import { RoomPanel } from "./RoomPanel.tsx";
import { StatusPanel } from "./StatusPanel.tsx";

/** On narrow screens one panel at a time is open. */
type Drawer = "place" | "map" | "you" | "party" | "bag";

const DRAWERS: readonly { id: Drawer; label: string; controls: string }[] = [
  { id: "place", label: "Place", controls: "place" },
  { id: "map", label: "Map", controls: "aside" },
  { id: "you", label: "You", controls: "aside" },
  { id: "party", label: "Party", controls: "aside" },
  { id: "bag", label: "Bag", controls: "aside" },
];

export function Game() {
  const [drawer, setDrawer] = useState<Drawer | null>(null);
  const place = usePlay((state) => state.game.room?.name);
  const unread = useUnreadWhileHidden();
  useTitle(place ?? "Entering", unread);

  const connected = usePlay((state) => state.connection.state === "connected");
  const role = useLogin((state) => state.login?.role);
  // Another role has other commands.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs again with another role
  useEffect(() => {
    if (connected) void loadCommands();
  }, [connected, role]);

  useEffect(() => {
    if (drawer === null) return;
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && !event.defaultPrevented && setDrawer(null);
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [drawer]);

  // A fight needs the room, and comes unasked.
  const fight = usePlay((state) => state.adventure.combat?.id);
  useEffect(() => {
    if (fight) setDrawer(null);
  }, [fight]);

  // Who travels with others has to see how they are.
  const inCompany = usePlay((state) => state.adventure.party !== null);
  const party = (
    <div className={styles.section} data-panel="party">
      <PartyPanel />
    </div>
  );

  return (
    <div className={styles.game} data-drawer={drawer ?? undefined}>
      <div className={styles.head}>
        <Header />
      </div>
      <div className={styles.banner}>
        <ConnectionBanner />
      </div>
      <div className={styles.stage}>
        <Stage />
      </div>
      <main className={styles.log}>
        <Log />
      </main>
      <div className={styles.line}>
        <CommandLine />
      </div>
      <nav className={styles.switch} aria-label="Panels">
        {DRAWERS.map(({ id, label, controls }) => (
          <Button
            key={id}
            className={styles.switchButton}
            aria-expanded={drawer === id}
            aria-controls={controls}
            onPress={() => setDrawer(drawer === id ? null : id)}
          >
            {label}
          </Button>
        ))}
      </nav>
      <aside id="place" className={`${styles.place} ${ui.scrolls}`} aria-label="The place you are in">
        <RoomPanel />
      </aside>
      <aside id="aside" className={`${styles.aside} ${ui.scrolls}`} aria-label="Map, status, party and things">
        {inCompany && party}
        <div className={styles.section} data-panel="map">
          <MapPanel />
        </div>
        <div className={styles.section} data-panel="you">
          <StatusPanel />
        </div>
        {!inCompany && party}
        <div className={styles.section} data-panel="bag">
          <InventoryPanel />
        </div>
      </aside>
      <TakenOver />
    </div>
  );
}

/** How many news came since the page was last looked at. */
function useUnreadWhileHidden(): number {
  const [hiddenSince, setHiddenSince] = useState<number | null>(null);
  useEffect(() => {
    const changed = () =>
      setHiddenSince(document.visibilityState === "hidden" ? usePlay.getState().game.nextLine : null);
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }, []);
  return usePlay((state) =>
    hiddenSince === null ? 0 : state.game.log.filter((line) => line.id >= hiddenSince && isNews(line)).length,
  );
}
