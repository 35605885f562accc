import { useEffect, useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { goTo } from "../../stores/page.ts";
import { usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Gate } from "../../ui/Gate.tsx";
import ui from "../../ui/ui.module.css";
import { ConnectionBadge, ConnectionBanner, TakenOver } from "../game/Connection.tsx";
import { useTitle } from "../useTitle.ts";
import styles from "./Adventure.module.css";
import { Fights } from "./Fights.tsx";
import { Nearby } from "./Nearby.tsx";
import { Quests } from "./Quests.tsx";
import { Shards } from "./Shards.tsx";
import { Sheet } from "./Sheet.tsx";
import { Stage } from "./Stage.tsx";

const PARTS = [
  { id: "character", label: "Character", Part: Sheet },
  { id: "quests", label: "Quests", Part: Quests },
  { id: "fights", label: "Fights", Part: Fights },
  { id: "shards", label: "Shards", Part: Shards },
  { id: "nearby", label: "Nearby", Part: Nearby },
] as const;

/** What there is to know about the player and the world, while the player stays in it. */
export function Journal() {
  const name = usePlay((state) => state.game.player?.name ?? state.character?.name ?? "");
  useTitle("Journal");
  return (
    <main className={styles.page}>
      <div className={styles.content}>
        <header className={styles.head}>
          <Gate />
          <h1>Journal of {name}</h1>
          <ConnectionBadge />
          <Button look="primary" onPress={() => goTo("world")}>
            Back to the world
          </Button>
        </header>
        <ConnectionBanner />
        <Stage />
        <LastAnswer />
        <Tabs>
          <TabList className={ui.tabs ?? ""} aria-label="Journal">
            {PARTS.map(({ id, label }) => (
              <Tab key={id} id={id} className={ui.tab ?? ""}>
                {label}
              </Tab>
            ))}
          </TabList>
          {PARTS.map(({ id, Part }) => (
            <TabPanel key={id} id={id} className={styles.tabPanel ?? ""}>
              <Part />
            </TabPanel>
          ))}
        </Tabs>
      </div>
      <TakenOver />
    </main>
  );
}

/** What the server said to what was done on this page; the log, where it stands too, is elsewhere. */
function LastAnswer() {
  const [since] = useState(() => usePlay.getState().game.nextLine);
  const last = usePlay((state) =>
    state.game.log.findLast((line) => line.id >= since && (line.kind === "answer" || line.kind === "refusal")),
  );
  useEffect(() => {
    window.scrollTo({ top: 0 });
  }, []);
  return (
    <div role="status">
      {last && (
        <p className={styles.last} data-kind={last.kind}>
          {last.text}
          {last.hint && ` ${last.hint}`}
        </p>
      )}
    </div>
  );
}
