/** What the server refused, or why it could not be reached. */

export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

interface ErrorDetails {
  readonly status?: number;
  readonly hint?: string;
  readonly retryAfter?: number | null;
  readonly field?: string | null;
  readonly fields?: readonly FieldProblem[];
  readonly requestId?: string | null;
}

/** Root of everything this SDK throws on purpose. */
export class MythError extends Error {
  override name = "MythError";
  /** Stable; each has an entry in the documentation. */
  readonly code: string;
  /** HTTP status, 0 if there was no answer. */
  readonly status: number;
  readonly hint: string;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | null;
  /** The field at fault, if it is one. */
  readonly field: string | null;
  readonly fields: readonly FieldProblem[];
  readonly requestId: string | null;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.status = details.status ?? 0;
    this.hint = details.hint ?? "";
    this.retryAfter = details.retryAfter ?? null;
    this.field = details.field ?? null;
    this.fields = details.fields ?? [];
    this.requestId = details.requestId ?? null;
  }
}

/** The server said no. */
export class Refused extends MythError {
  override name = "Refused";
}

/** The server does not accept who the caller says they are. */
export class AuthenticationError extends Refused {
  override name = "AuthenticationError";
}

/** The server could not be reached or did not answer in time. */
export class Unreachable extends MythError {
  override name = "Unreachable";
}

/** The error of an answer with a status of 400 and above; understands bodies without the common form. */
export function refusalOf(status: number, body: unknown, retryAfterHeader: string | null): Refused {
  const root = isRecord(body) ? body : {};
  const error = isRecord(root.error) ? root.error : {};
  const details: ErrorDetails = {
    status,
    hint: text(error.hint) ?? "",
    retryAfter: typeof error.retry_after === "number" ? error.retry_after : Number(retryAfterHeader) || null,
    field: text(error.field) ?? null,
    fields: Array.isArray(error.fields)
      ? error.fields
          .filter(isRecord)
          .map((entry) => ({ path: text(entry.path) ?? "", message: text(entry.message) ?? "" }))
      : [],
    requestId: text(error.request_id) ?? null,
  };
  const code = text(error.code) ?? `http_${status}`;
  const message = text(error.message) ?? text(root.detail) ?? `The server answered with status ${status}.`;
  return status === 401 ? new AuthenticationError(code, message, details) : new Refused(code, message, details);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
