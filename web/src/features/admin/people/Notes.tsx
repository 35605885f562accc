import { house } from "../../../stores/adminConsole.ts";
import { useMe } from "../../../stores/adminMe.ts";
import { fullTime } from "../../when.ts";
import { Act } from "../Act.tsx";
import console from "../Console.module.css";
import { Nothing, Shown } from "../Shown.tsx";
import { usePolled } from "../usePolled.ts";

interface NotesProps {
  readonly id: string;
  readonly name: string;
}

/** What the staff wrote about somebody; they never see it. */
export function Notes({ id, name }: NotesProps) {
  const mayWrite = useMe(({ permissions }) => permissions?.has("note") ?? false);
  const notes = usePolled(() => house.notes(id), null, id);
  return (
    <Shown of={notes}>
      {(all) => (
        <div className={console.stack}>
          {mayWrite && (
            <div className={console.bar}>
              <Act
                label="Write a note"
                title={`A note about ${name}`}
                about="The staff reads it; they do not."
                wishes={[{ name: "text", label: "Note", kind: "text", isRequired: true, maxLength: 2000 }]}
                asksWhy={false}
                action="Write it"
                done="The note is kept."
                onAct={async (_, { text = "" }) => {
                  await house.addNote(id, text);
                  notes.refresh();
                }}
              />
            </div>
          )}
          {all.length === 0 ? (
            <Nothing>Nobody has written anything about {name}.</Nothing>
          ) : (
            <ol className={console.entries} aria-label="Notes, the newest first">
              {all.map((one) => (
                <li key={one.number}>
                  <p className={console.quote}>{one.text}</p>
                  <p className={console.dim}>
                    {one.by || "somebody who is gone"}, {fullTime(one.at)}{" "}
                    {mayWrite && (
                      <Act
                        label="Remove"
                        look="quiet"
                        name={`Remove the note of ${fullTime(one.at)}`}
                        title="Remove this note?"
                        about={one.text}
                        asksWhy={false}
                        danger
                        done="The note is gone."
                        onAct={async () => {
                          await house.removeNote(id, one.number);
                          notes.refresh();
                        }}
                      />
                    )}
                  </p>
                </li>
              ))}
            </ol>
          )}
        </div>
      )}
    </Shown>
  );
}
