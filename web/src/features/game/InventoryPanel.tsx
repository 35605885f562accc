import type { ItemView } from "@mythgate/sdk";
import { withoutArticle } from "../../stores/completion.ts";
import { prepare } from "../../stores/input.ts";
import { send, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { ActionMenu } from "../../ui/Menu.tsx";
import { Panel } from "../../ui/Panel.tsx";
import styles from "./Place.module.css";

/** What the player carries. */
export function InventoryPanel() {
  const items = usePlay((state) => state.game.inventory);
  const count = items.reduce((sum, item) => sum + (item.count ?? 1), 0);
  return (
    <Panel title="You carry" extra={count}>
      {items.length === 0 ? (
        <p className={styles.none}>Nothing.</p>
      ) : (
        <ul className={styles.rows}>
          {items.map((item) => (
            <Carried key={item.id} item={item} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Carried({ item }: { readonly item: ItemView }) {
  const { name, count = 1, readable = false, kind = "misc", equipped = false } = item;
  const plain = withoutArticle(name);
  const label = count > 1 ? `${name} ×${count}` : name;
  return (
    <li className={styles.rowItem}>
      <ActionMenu
        label={name}
        trigger={
          <Button look="quiet" className={styles.person} aria-label={label}>
            {label} <span aria-hidden>▾</span>
          </Button>
        }
        actions={[
          { label: "Look", run: () => send(`look ${plain}`) },
          ...(readable ? [{ label: "Read", run: () => send(`read ${plain}`) }] : []),
          ...(kind === "weapon" || kind === "armor"
            ? [
                equipped
                  ? { label: "Take off", run: () => send(`unequip ${plain}`) }
                  : { label: "Equip", run: () => send(`equip ${plain}`) },
              ]
            : []),
          ...(kind === "consumable" ? [{ label: "Use", run: () => send(`use ${plain}`) }] : []),
          { label: "Give…", run: () => prepare(`give ${plain} to `) },
          { label: "Drop", run: () => send(`drop ${plain}`) },
        ]}
      />
      {equipped && <span className={styles.status}>equipped</span>}
    </li>
  );
}
