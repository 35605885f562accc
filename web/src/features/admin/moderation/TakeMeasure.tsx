import type { AdminApi } from "@mythgate/sdk";
import { house } from "../../../stores/adminConsole.ts";
import { LASTING, scopeOf, whereChoices } from "../../../stores/adminMeasures.ts";
import { Act, numberOf } from "../Act.tsx";
import { usePolled } from "../usePolled.ts";

interface TakeMeasureProps {
  readonly kind: AdminApi.MeasureKind;
  /** Whom it is against; null: a network, which is asked for. */
  readonly account: { readonly id: string; readonly name: string } | null;
  readonly onTaken: (measure: AdminApi.MeasureRow) => void;
}

const WORDS = {
  ban: { label: "Ban", about: "They are gone from there at once, whatever client they use, and cannot come back." },
  mute: { label: "Mute", about: "Nobody else hears them there." },
} as const;

/** Ban or mute somebody: where, for how long, and why. */
export function TakeMeasure({ kind, account, onTaken }: TakeMeasureProps) {
  const rooms = usePolled(() => house.rooms(true), null);
  const { label, about } = WORDS[kind];
  const whom = account?.name ?? "a network";
  return (
    <Act
      label={account ? label : `${label} a network`}
      look={kind === "ban" ? "danger" : "plain"}
      action={label}
      title={`${label} ${whom}${account ? "?" : ""}`}
      about={about}
      wishes={[
        ...(account
          ? []
          : [
              {
                name: "network",
                label: "Address or range",
                description: "Such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48.",
                isRequired: true,
              } as const,
            ]),
        { name: "where", label: "Where", kind: "choice", options: whereChoices(rooms.value ?? []) },
        { name: "minutes", label: "For", kind: "choice", options: LASTING, initial: "10080" },
        { name: "show_reason", label: "They read the reason", kind: "tick", initial: "yes" },
      ]}
      danger={kind === "ban"}
      done={`${whom} is ${kind === "ban" ? "banned" : "muted"}.`}
      onAct={async (reason, wishes) =>
        onTaken(
          await house.takeMeasure({
            kind,
            account_id: account?.id ?? null,
            network: wishes.network?.trim() ?? "",
            ...scopeOf(wishes.where ?? ""),
            minutes: numberOf(wishes.minutes),
            reason,
            show_reason: wishes.show_reason === "yes",
          }),
        )
      }
    />
  );
}
