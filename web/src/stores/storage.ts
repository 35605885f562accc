/** The browser's storage, which may be switched off, full or hold what an older version wrote. */

export function load<T>(storage: Storage | undefined, key: string, isValid: (value: unknown) => value is T): T | null {
  try {
    const text = storage?.getItem(key);
    const value: unknown = text ? JSON.parse(text) : null;
    return isValid(value) ? value : null;
  } catch {
    return null;
  }
}

/** False if it could not be kept. */
export function save(storage: Storage | undefined, key: string, value: unknown): boolean {
  try {
    storage?.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function remove(storage: Storage | undefined, key: string): void {
  try {
    storage?.removeItem(key);
  } catch {
    // Nothing was kept there either.
  }
}

/** Of this tab only; survives a reload. */
export const tabStorage = storageOf("sessionStorage");
/** Of this browser. */
export const browserStorage = storageOf("localStorage");

function storageOf(name: "sessionStorage" | "localStorage"): Storage | undefined {
  try {
    return globalThis[name];
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
