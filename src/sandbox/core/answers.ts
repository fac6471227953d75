import type { Value } from "../../core/value.ts";
import type { Answer, Call, Route, RowsTouched } from "./platform.ts";

const JSON_TYPE = "application/json; charset=utf-8";

interface Extras {
  readonly applied?: boolean;
  readonly rows?: RowsTouched;
  readonly violation?: string;
  readonly note?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A JSON answer; `applied` is false unless said. */
export function json(status: number, body: Value, extras: Extras = {}): Answer {
  return {
    ...extras,
    status,
    applied: extras.applied ?? false,
    headers: { "content-type": JSON_TYPE, ...extras.headers },
    body: JSON.stringify(body),
  };
}

export function text(status: number, contentType: string, body: string, extras: Extras = {}): Answer {
  return {
    ...extras,
    status,
    applied: extras.applied ?? false,
    headers: { "content-type": contentType, ...extras.headers },
    body,
  };
}

/** An answer without a body. */
export function empty(status: number, extras: Extras = {}): Answer {
  return { ...extras, status, applied: extras.applied ?? false };
}

/** The same answer, marked as the caller breaking the vendor's description. */
export function violated(answer: Answer, violation: string): Answer {
  return { ...answer, violation };
}

/** Parsed JSON, or undefined when the body is none. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

/** The last route of a stand-in: whatever no other route takes is a resource that the vendor does not describe. */
export function elsewhere(answer: Answer): Route {
  const handle = (call: Call) => violated(answer, `the sandbox knows no resource ${call.path}`);
  return { method: "ANY", path: "/*", handle };
}
