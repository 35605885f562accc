import type { CharacterView } from "@mythgate/sdk";
import { type FormEvent, useEffect, useState } from "react";
import { Form } from "react-aria-components";
import { isStaff, readRole, useRole } from "../../stores/administration.ts";
import { beginningOf, type Choices, FIRST_CHOICES, isComplete } from "../../stores/beginning.ts";
import {
  createCharacter,
  deleteCharacter,
  loadCharacters,
  restoreCharacter,
  useCharacters,
} from "../../stores/characters.ts";
import { signOut, useLogin } from "../../stores/login.ts";
import { goTo } from "../../stores/page.ts";
import { enterWorld, usePlay } from "../../stores/play.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Gate } from "../../ui/Gate.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import { Tick } from "../../ui/Tick.tsx";
import ui from "../../ui/ui.module.css";
import { Account } from "../account/Account.tsx";
import { BeginningFields } from "../adventure/BeginningFields.tsx";
import { useSubmit } from "../useSubmit.ts";
import { useTitle } from "../useTitle.ts";
import { fromNow } from "../when.ts";
import styles from "./Characters.module.css";

/** Who to be: the account's characters, and a form for another one. */
export function Characters() {
  const { characters, deleted, limit, loaded, problem } = useCharacters();
  const username = useLogin((state) => state.login?.username ?? "");
  const role = useRole((state) => state.role);
  const claimed = useLogin((state) => state.claimed);
  const farewell = usePlay((state) => state.farewell);
  const [doomed, setDoomed] = useState<CharacterView | null>(null);
  const [accountOpen, setAccountOpen] = useState(false);
  const { submit, busy, problems, clear } = useSubmit([]);
  useTitle("Characters");
  useEffect(() => {
    void loadCharacters();
    void readRole();
  }, []);

  const mayCreate = loaded && (limit === 0 || characters.length < limit);
  return (
    <main className={styles.page}>
      <div className={styles.content}>
        <header className={styles.head}>
          <Gate />
          <h1>Who will you be?</h1>
          <span className={styles.account}>{username}</span>
          {isStaff(role) && <Button onPress={() => goTo("admin")}>Console</Button>}
          <Button onPress={() => setAccountOpen(true)}>Account</Button>
          <Button onPress={() => void signOut()}>Sign out</Button>
        </header>
        {claimed && (
          <p className={ui.note} role="status">
            {claimed}
          </p>
        )}
        {farewell && (
          <p className={ui.note} role="status">
            {farewell}
          </p>
        )}
        {problem && (
          <>
            <Problem {...problem} />
            <div className={ui.row}>
              <Button onPress={() => void loadCharacters()}>Try again</Button>
            </div>
          </>
        )}
        {problems.form && <Problem {...problems.form} />}
        {characters.length > 0 && (
          <ul className={styles.list} aria-label="Your characters">
            {characters.map((character) => (
              <li key={character.id} className={styles.character}>
                <h2 className={styles.name}>{character.name}</h2>
                <p className={styles.about}>
                  {character.race} {character.character_class}, level {character.level}
                  {character.faction && `, of the ${character.faction}`}
                </p>
                <p className={styles.about}>
                  {character.room_name && <>in {character.room_name} · </>}last active {fromNow(character.last_active)}
                </p>
                {character.description && <p className={styles.about}>{character.description}</p>}
                <div className={styles.actions}>
                  <Button
                    look="primary"
                    aria-label={`Enter the world as ${character.name}`}
                    onPress={() => enterWorld({ id: character.id, name: character.name })}
                  >
                    Enter
                  </Button>
                  <Button look="quiet" aria-label={`Delete ${character.name}`} onPress={() => setDoomed(character)}>
                    delete
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        )}
        {mayCreate ? (
          <NewCharacter isFirst={characters.length === 0} />
        ) : (
          loaded && <p className={ui.description}>You have as many characters as an account may have ({limit}).</p>
        )}
        {deleted.length > 0 && (
          <Panel title="Deleted, can still be brought back">
            <ul>
              {deleted.map((character) => (
                <li key={character.id} className={styles.gone}>
                  <span>{character.name}</span>
                  <span className={ui.description}>final {fromNow(character.restorable_until)}</span>
                  <Button
                    look="quiet"
                    isDisabled={busy}
                    aria-label={`Bring back ${character.name}`}
                    onPress={() => void submit(() => restoreCharacter(character.id))}
                  >
                    bring back
                  </Button>
                </li>
              ))}
            </ul>
          </Panel>
        )}
      </div>
      <Account isOpen={accountOpen} onClose={() => setAccountOpen(false)} />
      <Dialog
        alert
        title={`Delete ${doomed?.name ?? ""}?`}
        isOpen={doomed !== null}
        onClose={() => {
          setDoomed(null);
          clear();
        }}
      >
        <p>The character leaves the world. For a while you can bring it back from this page; after that it is gone.</p>
        <div className={ui.row}>
          <Button
            look="danger"
            isDisabled={busy}
            onPress={() => {
              const id = doomed?.id;
              setDoomed(null);
              if (id) void submit(() => deleteCharacter(id));
            }}
          >
            Delete
          </Button>
          <Button autoFocus onPress={() => setDoomed(null)}>
            Keep
          </Button>
        </div>
      </Dialog>
    </main>
  );
}

function NewCharacter({ isFirst }: { readonly isFirst: boolean }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [choices, setChoices] = useState<Choices | null>(null);
  const { submit, busy, problems } = useSubmit(["name", "description"]);

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    const made = await submit(async () => {
      const character = await createCharacter(name.trim(), description.trim(), choices ? beginningOf(choices) : {});
      if (isFirst) enterWorld({ id: character.id, name: character.name });
    });
    if (made) {
      setName("");
      setDescription("");
      setChoices(null);
    }
  }

  return (
    <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
      <h2>{isFirst ? "Make your first character" : "Another character"}</h2>
      {problems.form && <Problem {...problems.form} />}
      <Field
        label="Name"
        name="name"
        value={name}
        onChange={setName}
        error={problems.fields.name}
        description="What others call you in the world."
        autoComplete="off"
        spellCheck="false"
        isRequired
        autoFocus={isFirst}
      />
      <Field
        label="Description (optional)"
        name="description"
        value={description}
        onChange={setDescription}
        error={problems.fields.description}
        description="What others see when they look at you."
        multiline
      />
      <Tick isSelected={choices !== null} onChange={(chosen) => setChoices(chosen ? FIRST_CHOICES : null)}>
        Choose race, class and faction now
      </Tick>
      {choices ? (
        <BeginningFields choices={choices} onChange={setChoices} />
      ) : (
        <p className={ui.description}>You can also choose later, in the journal, before the second level.</p>
      )}
      <div className={ui.row}>
        <Button
          type="submit"
          look="primary"
          isDisabled={busy || !name.trim() || (choices !== null && !isComplete(choices))}
        >
          {busy ? "One moment…" : isFirst ? "Create and enter the world" : "Create"}
        </Button>
      </div>
    </Form>
  );
}
