import { generate } from "lean-qr";
import { useMemo } from "react";
import styles from "./Console.module.css";

/** White around the code, in modules; readers need it. */
const MARGIN = 4;

/** `text` as a code that a telephone reads. It is dark on white in both themes, which readers expect. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { size, path } = useMemo(() => {
    const code = generate(text);
    const modules: string[] = [];
    for (let y = 0; y < code.size; y += 1) {
      for (let x = 0; x < code.size; x += 1) {
        if (code.get(x, y)) modules.push(`M${x + MARGIN} ${y + MARGIN}h1v1h-1z`);
      }
    }
    return { size: code.size + 2 * MARGIN, path: modules.join("") };
  }, [text]);
  return (
    <svg
      className={styles.qr}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
