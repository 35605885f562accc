import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import ui from "../../ui/ui.module.css";
import { Clans } from "./Clans.tsx";
import { Ladder } from "./Ladder.tsx";
import styles from "./Lobby.module.css";
import { Results } from "./Results.tsx";
import { Tournaments } from "./Tournaments.tsx";

interface ContestsProps {
  readonly onPerson: (number: number) => void;
}

const PARTS = [
  { id: "ladder", label: "Ladder", Part: Ladder },
  { id: "results", label: "Results", Part: Results },
  { id: "tournaments", label: "Tournaments", Part: Tournaments },
  { id: "clans", label: "Clans", Part: Clans },
] as const;

/** What people win and lose: the ladder, results, tournaments, and the clans they play for. */
export function Contests({ onPerson }: ContestsProps) {
  return (
    <Tabs className={styles.contests ?? ""}>
      <TabList className={ui.tabs ?? ""} aria-label="Contests">
        {PARTS.map(({ id, label }) => (
          <Tab key={id} id={id} className={ui.tab ?? ""}>
            {label}
          </Tab>
        ))}
      </TabList>
      {PARTS.map(({ id, Part }) => (
        <TabPanel key={id} id={id} className={styles.contest ?? ""}>
          <Part onPerson={onPerson} />
        </TabPanel>
      ))}
    </Tabs>
  );
}
