import { type ComponentType, useEffect } from "react";
import { isStaff, readRole, useRole } from "../../stores/administration.ts";
import { signOut, useLogin } from "../../stores/login.ts";
import { goTo, usePage } from "../../stores/page.ts";
import { Button } from "../../ui/Button.tsx";
import { Gate } from "../../ui/Gate.tsx";
import ui from "../../ui/ui.module.css";
import { Entrance } from "../entrance/Entrance.tsx";
import { useTitle } from "../useTitle.ts";
import styles from "./Admin.module.css";
import { Users } from "./Users.tsx";

interface SectionProps {
  /** What stands behind the section in the address. */
  readonly rest: string;
}

interface Section {
  readonly id: string;
  readonly label: string;
  readonly Body: ComponentType<SectionProps>;
}

/** What can be looked after, by its part of the address; the first one opens by itself. */
const SECTIONS: readonly [Section, ...Section[]] = [{ id: "users", label: "Users", Body: Users }];

/** The pages for staff. What they show and do, the server allows; what is hidden here is only out of the way. */
export function Administration() {
  const signedIn = useLogin((state) => state.login !== null);
  const role = useRole((state) => state.role);
  const part = usePage((state) => state.part);
  useEffect(() => {
    if (signedIn) void readRole();
  }, [signedIn]);
  if (!signedIn) return <Entrance />;
  if (!isStaff(role)) return <NotForYou />;

  const [id, ...rest] = part.split("/");
  const { label, Body } = SECTIONS.find((section) => section.id === id) ?? SECTIONS[0];
  return (
    <div className={styles.frame}>
      <header className={styles.head}>
        <Gate />
        <h1 className={styles.title}>Administration</h1>
        <nav className={styles.sections} aria-label="Administration">
          {SECTIONS.map((section) => (
            <Button
              key={section.id}
              look="quiet"
              aria-current={section.label === label ? "page" : undefined}
              onPress={() => goTo("admin", section.id)}
            >
              {section.label}
            </Button>
          ))}
        </nav>
        <Button onPress={() => goTo("status")}>Status</Button>
        <Button onPress={() => goTo("world")}>World</Button>
      </header>
      <main className={styles.section}>
        <Body rest={rest.join("/")} />
      </main>
    </div>
  );
}

function NotForYou() {
  const name = useLogin((state) => state.login?.username ?? "");
  useTitle("Administration");
  return (
    <main className={styles.closed}>
      <Gate size={56} />
      <h1 className={styles.title}>For staff only</h1>
      <p>
        You are signed in as {name}, who is not one of the staff of this server. Somebody who is can give you a role.
      </p>
      <div className={ui.row}>
        <Button look="primary" onPress={() => goTo("world")}>
          To the world
        </Button>
        <Button onPress={() => void signOut()}>Sign in as somebody else</Button>
      </div>
    </main>
  );
}
