import type { AdminApi } from "@mythgate/sdk";
import { type FormEvent, useState } from "react";
import { Form } from "react-aria-components";
import { house } from "../../../stores/adminConsole.ts";
import { readMe, useMe } from "../../../stores/adminMe.ts";
import { tell } from "../../../stores/adminTold.ts";
import { Button } from "../../../ui/Button.tsx";
import { Field } from "../../../ui/Field.tsx";
import { Panel } from "../../../ui/Panel.tsx";
import { Problem } from "../../../ui/Problem.tsx";
import { useSubmit } from "../../useSubmit.ts";
import { fullTime } from "../../when.ts";
import { Act, type Wish } from "../Act.tsx";
import admin from "../Admin.module.css";
import console from "../Console.module.css";
import { Facts } from "../Facts.tsx";
import { QrCode } from "../QrCode.tsx";

const CODE: Wish = {
  name: "code",
  label: "Code",
  isRequired: true,
  description: "Of the authenticator, or one for recovery.",
};

/** One's own second factor: beginning with it, new codes for recovery, and doing without. */
export function Factor() {
  const factor = useMe((state) => state.factor);
  const [secret, setSecret] = useState<AdminApi.FactorSecret | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const { submit, busy, problems } = useSubmit([]);
  if (codes)
    return (
      <RecoveryCodes
        codes={codes}
        onDone={() => {
          setCodes(null);
          setSecret(null);
          void readMe();
        }}
      />
    );
  if (secret) return <Enrolment secret={secret} onConfirmed={setCodes} />;
  if (!factor) return null;
  return (
    <div className={console.stack}>
      <Facts
        rows={[
          ["Second factor", factor.enrolled ? "in use" : factor.required ? "none, and you need one" : "none"],
          ["Next code", factor.fresh_until ? `asked for after ${fullTime(factor.fresh_until)}` : ""],
          ["Recovery codes", factor.enrolled ? `${factor.recovery_codes} left` : ""],
        ]}
      />
      {problems.form && <Problem {...problems.form} />}
      {factor.enrolled ? (
        <div className={console.bar}>
          <Act
            label="New recovery codes"
            title="New recovery codes for old?"
            about="The ones from before work no more."
            wishes={[CODE]}
            asksWhy={false}
            action="Make them"
            onAct={async (_, { code = "" }) => setCodes(await house.renewRecovery(code))}
          />
          <Act
            label="Do without"
            look="danger"
            title="Do without a second factor?"
            about={
              factor.required
                ? "This server asks admins and owners for one: you can do nothing here until you have another."
                : "Your password alone opens the console then."
            }
            wishes={[CODE]}
            asksWhy={false}
            danger
            done="You have no second factor any more."
            onAct={async (_, { code = "" }) => {
              await house.disableFactor(code);
              await readMe();
            }}
          />
        </div>
      ) : (
        <>
          <p>
            An authenticator on your phone shows a new code every half a minute. Whoever has your password only can then
            do nothing here.
          </p>
          <div className={console.bar}>
            <Button
              look="primary"
              isDisabled={busy}
              onPress={() => void submit(async () => setSecret(await house.enrolFactor()))}
            >
              Set up a second factor
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

interface EnrolmentProps {
  readonly secret: AdminApi.FactorSecret;
  readonly onConfirmed: (codes: readonly string[]) => void;
}

function Enrolment({ secret, onConfirmed }: EnrolmentProps) {
  const [code, setCode] = useState("");
  const { submit, busy, problems } = useSubmit(["code"]);

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    void submit(async () => {
      onConfirmed(await house.confirmFactor(code.trim()));
      tell("The second factor is in use.");
    });
  }

  return (
    <Panel title="Set up a second factor">
      <Form className={console.stack ?? ""} onSubmit={onSubmit} validationBehavior="aria">
        <p>Read this with an authenticator, such as the one of your phone, and type the code that it shows.</p>
        <QrCode text={secret.uri} label="The secret as a QR code; it stands below to type" />
        <p>
          <span className={console.dim}>Or type the secret: </span>
          <code data-testid="secret">{secret.secret}</code>
        </p>
        {problems.form && <Problem {...problems.form} />}
        <Field
          label="Code"
          name="code"
          value={code}
          onChange={setCode}
          error={problems.fields.code}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={20}
          autoFocus
          isRequired
        />
        <div className={console.bar}>
          <Button type="submit" look="primary" isDisabled={busy || !code.trim()}>
            Confirm
          </Button>
        </div>
      </Form>
    </Panel>
  );
}

interface RecoveryCodesProps {
  readonly codes: readonly string[];
  readonly onDone: () => void;
}

function RecoveryCodes({ codes, onDone }: RecoveryCodesProps) {
  return (
    <Panel title="Recovery codes">
      <div className={console.stack}>
        <p>
          Keep these where your phone is not. Each works once, for the day you have lost it. They are shown only now.
        </p>
        <ul className={admin.codes} aria-label="Recovery codes">
          {codes.map((one) => (
            <li key={one}>
              <code>{one}</code>
            </li>
          ))}
        </ul>
        <div className={console.bar}>
          <Button look="primary" onPress={onDone}>
            I have kept them
          </Button>
        </div>
      </div>
    </Panel>
  );
}
