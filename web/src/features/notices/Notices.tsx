import { MythError, type Occasion, type OwnNotices, type Reach, type Way } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { useLogin } from "../../stores/login.ts";
import {
  canPush,
  counts,
  minutesOf,
  notices,
  OCCASIONS,
  readFriends,
  readPlaces,
  sentence,
  usePush as tellThisBrowser,
  timeOf,
  wish,
} from "../../stores/notices.ts";
import { goTo } from "../../stores/page.ts";
import { Button } from "../../ui/Button.tsx";
import { Choice } from "../../ui/Choice.tsx";
import { Field } from "../../ui/Field.tsx";
import { Gate } from "../../ui/Gate.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Problem } from "../../ui/Problem.tsx";
import ui from "../../ui/ui.module.css";
import { useRead } from "../lobby/useRead.ts";
import { useSubmit } from "../useSubmit.ts";
import { useTitle } from "../useTitle.ts";
import { fromNow } from "../when.ts";
import styles from "./Notices.module.css";

const WAYS: Readonly<Record<Way, string>> = { push: "this browser", webhook: "webhook", mail: "mail" };

/** What the player waits for while they are away, and how they are told. */
export function Notices() {
  const guest = useLogin((state) => state.login?.isGuest ?? false);
  const [version, setVersion] = useState(0);
  const own = useRead(async () => (guest ? null : await notices.read()), null, version);
  useTitle("Notices");
  const changed = () => setVersion((before) => before + 1);
  return (
    <main className={styles.page}>
      <header className={styles.head}>
        <Gate />
        <h1 className={styles.title}>Notices</h1>
        <Button onPress={() => goTo("lobby")}>Lobbies</Button>
        <Button look="primary" onPress={() => goTo("world")}>
          World
        </Button>
      </header>
      <p className={ui.description}>
        Be told when it is worth coming. Nothing is sent while you are here, nor in your quiet hours, nor more often
        than every half hour about the same thing.
      </p>
      {guest && <p className={ui.note}>Guests have no notices. Register, and they can be yours.</p>}
      {own.problem && <Problem {...own.problem} />}
      {own.value && (
        <div className={styles.panels}>
          <Waiting own={own.value} onChange={changed} />
          <Reaches own={own.value} onChange={changed} />
          <Quiet key={JSON.stringify(own.value.quiet)} own={own.value} onChange={changed} />
        </div>
      )}
    </main>
  );
}

interface PartProps {
  readonly own: OwnNotices;
  readonly onChange: () => void;
}

// --- what is waited for ------------------------------------------------------------------------------

function Waiting({ own, onChange }: PartProps) {
  const places = useRead(readPlaces, null).value ?? [];
  const friends = useRead(readFriends, null).value ?? [];
  const [occasion, setOccasion] = useState<Occasion>("people");
  const [place, setPlace] = useState("");
  const [count, setCount] = useState("3");
  const [friend, setFriend] = useState("0");
  const { submit, busy, problems } = useSubmit(["count"]);
  const placeNames = new Map(places);
  const friendNames = new Map(friends.map(([number, name]) => [Number(number), name]));

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (await submit(() => notices.subscribe(wish(occasion, place, count, friend)))) onChange();
  }

  return (
    <Panel title="Tell me when" extra={own.subscriptions.length || undefined}>
      {own.subscriptions.length === 0 && <p className={styles.dim}>You wait for nothing yet.</p>}
      <ul className={styles.list}>
        {own.subscriptions.map((one) => {
          const text = sentence(one, placeNames, friendNames);
          return (
            <li key={one.number} className={styles.item}>
              <span>
                {text} {one.told_at && <span className={styles.dim}>told {fromNow(one.told_at)}</span>}
              </span>
              <Button
                look="quiet"
                isDisabled={busy}
                aria-label={`remove: ${text}`}
                onPress={() => void submit(() => notices.unsubscribe(one.number)).then((done) => done && onChange())}
              >
                remove
              </Button>
            </li>
          );
        })}
      </ul>
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <Choice label="Tell me when" value={occasion} options={OCCASIONS} onChange={setOccasion} />
        <Choice
          label="Where"
          value={place}
          options={[["", "anywhere"], ...places.filter(([key]) => occasion !== "game" || key !== "world")]}
          onChange={setPlace}
        />
        {counts(occasion) && (
          <Field
            label="How many, at least"
            name="count"
            inputMode="numeric"
            value={count}
            onChange={setCount}
            error={problems.fields.count}
          />
        )}
        {occasion === "friend" && (
          <Choice label="Who" value={friend} options={[["0", "any of my friends"], ...friends]} onChange={setFriend} />
        )}
        <div className={ui.row}>
          <Button type="submit" look="primary" isDisabled={busy}>
            Tell me
          </Button>
        </div>
      </Form>
    </Panel>
  );
}

// --- where notices go --------------------------------------------------------------------------------

function Reaches({ own, onChange }: PartProps) {
  const [way, setWay] = useState<Way>(own.ways.includes("mail") ? "mail" : "webhook");
  const [address, setAddress] = useState("");
  const [told, setTold] = useState("");
  const { submit, busy, problems } = useSubmit(["address"]);
  const others = own.ways.filter((one) => one !== "push");

  const run = (request: () => Promise<unknown>) => {
    setTold("");
    return submit(request).then((done) => {
      if (done) onChange();
      return done;
    });
  };

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (await run(() => notices.addContact(way, address))) setAddress("");
  }

  return (
    <Panel title="Where notices go" extra={own.contacts.length || undefined}>
      <div className={styles.list}>
        {problems.form && <Problem {...problems.form} />}
        {own.contacts.length === 0 && <p className={styles.dim}>Nowhere yet: nothing can reach you.</p>}
        <ul className={styles.list}>
          {own.contacts.map((one) => (
            <Contact key={one.number} one={one} busy={busy} run={run} />
          ))}
        </ul>
        {told && (
          <p className={ui.note} role="status">
            {told}
          </p>
        )}
        <div className={ui.row}>
          {own.ways.includes("push") && canPush() && (
            <Button isDisabled={busy} onPress={() => void run(() => tellThisBrowser(own))}>
              Use this browser
            </Button>
          )}
          {own.contacts.some((one) => one.in_use) && (
            <Button
              isDisabled={busy}
              onPress={() =>
                void submit(async () => {
                  const tried = await notices.test();
                  const arrived = tried.filter((one) => one.outcome === "delivered").length;
                  setTold(`Sent to ${tried.length}, arrived at ${arrived}.`);
                })
              }
            >
              Send me something
            </Button>
          )}
        </div>
      </div>
      {others.length > 0 && (
        <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
          {others.length > 1 && (
            <Choice label="By" value={way} options={others.map((one) => [one, WAYS[one]])} onChange={setWay} />
          )}
          <Field
            label={way === "mail" ? "E-mail address" : "Address of a webhook"}
            description={
              way === "mail" ? "A code goes there, to confirm it." : "Such as one of Discord's. A code goes there."
            }
            name="address"
            type={way === "mail" ? "email" : "url"}
            value={address}
            onChange={setAddress}
            error={problems.fields.address}
          />
          <div className={ui.row}>
            <Button type="submit" isDisabled={busy || !address}>
              Add it
            </Button>
          </div>
        </Form>
      )}
    </Panel>
  );
}

interface ContactProps {
  readonly one: Reach;
  readonly busy: boolean;
  readonly run: (request: () => Promise<unknown>) => Promise<boolean>;
}

function Contact({ one, busy, run }: ContactProps) {
  const [code, setCode] = useState("");
  const name = one.way === "push" ? `a browser (${new URL(one.address).hostname})` : one.address;
  return (
    <li className={styles.item}>
      <span className={styles.address}>
        {name}{" "}
        {one.confirmed && !one.in_use && <span className={styles.dim}>not used any more: nothing arrived there</span>}
      </span>
      {!one.confirmed && (
        <span className={styles.confirm}>
          <Field label={`Code that went to ${name}`} inputMode="numeric" value={code} onChange={setCode} />
          <Button isDisabled={busy || !code} onPress={() => void run(() => notices.confirm(one.number, code))}>
            Confirm
          </Button>
        </span>
      )}
      <Button
        look="quiet"
        isDisabled={busy}
        aria-label={`remove ${name}`}
        onPress={() => void run(() => notices.removeContact(one.number))}
      >
        remove
      </Button>
    </li>
  );
}

// --- when nothing is told ----------------------------------------------------------------------------

function Quiet({ own, onChange }: PartProps) {
  const [begins, setBegins] = useState(timeOf(own.quiet?.begins ?? 22 * 60));
  const [ends, setEnds] = useState(timeOf(own.quiet?.ends ?? 8 * 60));
  const { submit, busy, problems } = useSubmit([]);
  const zone = own.quiet?.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

  async function onSubmit(event: FormEvent) {
    event.preventDefault();
    const hours = { begins: minutesOf(begins), ends: minutesOf(ends), zone };
    const save = () => {
      if (Number.isNaN(hours.begins + hours.ends)) throw new MythError("no_time", "Give two times of the day.");
      return notices.setQuiet(hours);
    };
    if (await submit(async () => save())) onChange();
  }

  return (
    <Panel title="Quiet hours">
      <Form className={styles.form ?? ""} onSubmit={(event) => void onSubmit(event)} validationBehavior="aria">
        {problems.form && <Problem {...problems.form} />}
        <p className={styles.dim}>
          {own.quiet
            ? `You are told nothing from ${timeOf(own.quiet.begins)} to ${timeOf(own.quiet.ends)} (${zone}).`
            : `You are told at all hours. Times are those of ${zone}.`}
        </p>
        <div className={styles.times}>
          <Field label="From" type="time" value={begins} onChange={setBegins} />
          <Field label="Until" type="time" value={ends} onChange={setEnds} />
        </div>
        <div className={ui.row}>
          <Button type="submit" isDisabled={busy}>
            Set quiet hours
          </Button>
          {own.quiet && (
            <Button
              isDisabled={busy}
              onPress={() => void submit(() => notices.clearQuiet()).then((done) => done && onChange())}
            >
              Have none
            </Button>
          )}
        </div>
      </Form>
    </Panel>
  );
}
