import type { QuestView } from "@mythgate/sdk";
import { useState } from "react";
import { session } from "../../stores/login.ts";
import { send, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Confirm } from "../../ui/Confirm.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { useRead } from "../lobby/useRead.ts";
import styles from "./Adventure.module.css";

/** What the player has taken on, what they could, and what they have done. */
export function Quests() {
  const changes = usePlay((state) => state.adventure.questChanges);
  const roomId = usePlay((state) => state.game.room?.id);
  const { value, problem } = useRead(session.quests, null, `${changes} ${roomId}`);
  if (!value) return problem ? <Problem {...problem} /> : <p className={styles.none}>One moment…</p>;
  const active = value.quests.filter((one) => one.status === "active");
  const done = value.quests.filter((one) => (one.times ?? 0) > 0);
  return (
    <>
      {problem && <Problem {...problem} />}
      <Panel title="Taken on" extra={active.length}>
        {active.length === 0 && (
          <p className={styles.none}>You have no quests. People who need something tell you when you talk to them.</p>
        )}
        <ul className={styles.list} aria-label="Your quests">
          {active.map((quest) => (
            <Active key={quest.id} quest={quest} />
          ))}
        </ul>
      </Panel>
      <Panel title="Offered here" extra={value.offers.length}>
        {value.offers.length === 0 && <p className={styles.none}>Nobody here asks for anything.</p>}
        <ul className={styles.list} aria-label="Quests offered here">
          {value.offers.map((quest) => (
            <li key={quest.id} className={styles.quest}>
              <h3>{quest.name}</h3>
              <p>{quest.summary}</p>
              {quest.giver && <p className={styles.about}>Asked for by {quest.giver}</p>}
              <Button aria-label={`Take it on: ${quest.name}`} onPress={() => send(`quest accept ${quest.name}`)}>
                Take it on
              </Button>
            </li>
          ))}
        </ul>
      </Panel>
      {done.length > 0 && (
        <Panel title="Done" extra={done.length}>
          <ul aria-label="Quests you have done">
            {done.map(({ id, name, times = 0 }) => (
              <li key={id}>
                ✓ {name}
                {times > 1 && <span className={styles.about}> {times} times</span>}
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function Active({ quest }: { readonly quest: QuestView }) {
  const [asking, setAsking] = useState(false);
  return (
    <li className={styles.quest}>
      <h3>{quest.name}</h3>
      <p>{quest.summary}</p>
      <p className={styles.about}>
        Step {Math.min(quest.step + 1, quest.total_steps)} of {quest.total_steps}
        {quest.giver && `, for ${quest.giver}`}
      </p>
      <ol className={styles.plain}>
        {quest.steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is known by its place
          <li key={index} className={styles.step} data-done={step.done || undefined}>
            <span role="img" aria-label={step.done ? "done" : "to be done"}>
              {step.done ? "✓" : "○"}
            </span>
            <span>
              {step.text}
              {step.needed > 1 && ` (${step.count} of ${step.needed})`}
            </span>
          </li>
        ))}
      </ol>
      <Button look="quiet" aria-label={`give up ${quest.name}`} onPress={() => setAsking(true)}>
        give up
      </Button>
      {asking && (
        <Confirm
          title={`Give up ${quest.name}?`}
          text="You can take it on again, from its beginning."
          action="Give it up"
          problem={null}
          onConfirm={() => {
            setAsking(false);
            send(`quest abandon ${quest.name}`);
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </li>
  );
}
