import type { Pairing, TournamentCard } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { contestant, type TournamentForm, tournamentOf } from "../../stores/contests.ts";
import { session } from "../../stores/login.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useSubmit } from "../useSubmit.ts";
import styles from "./Lobby.module.css";

interface FormProps {
  readonly onDone: () => void;
  readonly onClose: () => void;
}

const FIELDS = ["name", "slot", "starts_at", "min_players", "max_players", "prize_pool"];

const SLOTS = ["1", "2", "3", "4", "5", "6"].map((slot) => [slot, slot] as const);

interface AnnounceProps extends FormProps {
  readonly rooms: ReadonlyMap<number, string>;
}

export function AnnounceTournament({ rooms, onDone, onClose }: AnnounceProps) {
  const [form, setForm] = useState<TournamentForm>(() => ({
    name: "",
    slot: "1",
    roomId: String([...rooms.keys()][0] ?? 0),
    startsAt: "",
    minPlayers: "2",
    maxPlayers: "32",
    prizePool: "0",
    secondShare: "0",
  }));
  const { submit, problems } = useSubmit(FIELDS);
  const set = (change: Partial<TournamentForm>) => setForm((before) => ({ ...before, ...change }));

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (!(await submit(() => session.announceTournament(tournamentOf(form))))) return;
    onDone();
    onClose();
  }

  return (
    <Dialog title="Announce a tournament" isOpen onClose={onClose}>
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <p className={ui.description}>
          It begins once its time has come and enough of those who signed up are in its lobby. Results of games there
          decide who goes on.
        </p>
        <Field
          label="Name"
          name="name"
          value={form.name}
          onChange={(name) => set({ name })}
          error={problems.fields.name}
          autoComplete="off"
          autoFocus
        />
        <Field
          label="Begins"
          name="starts_at"
          type="datetime-local"
          description="In your time zone."
          value={form.startsAt}
          onChange={(startsAt) => set({ startsAt })}
          error={problems.fields.starts_at}
        />
        <div className={ui.row}>
          <Choice
            label="Lobby"
            value={form.roomId}
            options={[...rooms].map(([id, name]) => [String(id), name] as const)}
            onChange={(roomId) => set({ roomId })}
          />
          <Choice
            label="Tournament of the lobby"
            value={form.slot}
            options={SLOTS}
            onChange={(slot) => set({ slot })}
          />
        </div>
        <div className={styles.numbers}>
          <Field
            label="Players at least"
            name="min_players"
            inputMode="numeric"
            value={form.minPlayers}
            onChange={(minPlayers) => set({ minPlayers })}
            error={problems.fields.min_players}
          />
          <Field
            label="At most"
            name="max_players"
            inputMode="numeric"
            value={form.maxPlayers}
            onChange={(maxPlayers) => set({ maxPlayers })}
            error={problems.fields.max_players}
          />
          <Field
            label="Prize"
            name="prize_pool"
            inputMode="numeric"
            value={form.prizePool}
            onChange={(prizePool) => set({ prizePool })}
            error={problems.fields.prize_pool}
          />
          <Field
            label="Percent for the second"
            name="second_share"
            inputMode="numeric"
            value={form.secondShare}
            onChange={(secondShare) => set({ secondShare })}
          />
        </div>
        <div className={ui.row}>
          <Button type="submit" look="primary">
            Announce
          </Button>
          <Button onPress={onClose}>Cancel</Button>
        </div>
      </Form>
    </Dialog>
  );
}

interface DecideProps extends FormProps {
  readonly card: TournamentCard;
  readonly pairing: Pairing;
}

/** Says who goes on where nothing is played. */
export function DecidePairing({ card, pairing, onDone, onClose }: DecideProps) {
  const { submit, problems } = useSubmit([]);
  const { round, slot, first, second } = pairing;

  async function decide(winner: number) {
    if (!(await submit(() => session.decidePairing(card.number, round, slot, winner)))) return;
    onDone();
    onClose();
  }

  return (
    <Dialog title="Who goes on?" isOpen onClose={onClose}>
      {problems.form && <Problem {...problems.form} />}
      <p>For a pairing that is not played. It cannot be undone.</p>
      <div className={ui.row}>
        {[first, second].map((number) => (
          <Button key={number} onPress={() => void decide(number)}>
            {contestant(card, pairing, number)}
          </Button>
        ))}
        <Button look="quiet" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </Dialog>
  );
}
