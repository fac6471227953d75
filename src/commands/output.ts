import type { Writable } from "node:stream";

/** Where a verb speaks. With `--json` stdout carries one JSON document and everything else goes to stderr. */
export interface Output {
  readonly json: boolean;
  readonly color: boolean;
  /** May lines be redrawn? */
  readonly tty: boolean;
  /** For people: stdout, or stderr with `--json`. */
  print(text?: string): void;
  /** Progress, warnings, hints: always stderr. */
  note(text: string): void;
  /** The JSON document; without `--json` nothing. */
  emit(document: unknown): void;
  /** For verbs that go on until they are stopped: one line of NDJSON on stdout; without `--json` nothing. */
  event(document: unknown): void;
  readonly progress: Writable;
}

export function createOutput(
  streams: { readonly stdout: Writable & { isTTY?: boolean }; readonly stderr: Writable & { isTTY?: boolean } },
  o: { readonly json: boolean; readonly noColor: boolean },
): Output {
  const { stdout, stderr } = streams;
  // A reader that has seen enough (`| head`) must not end a run half-way.
  for (const stream of [stdout, stderr]) if (stream.listenerCount("error") === 0) stream.on("error", ignoreClosedPipe);
  const people = o.json ? stderr : stdout;
  // A stream of events stays one, whatever document ends it.
  let indent = 2;
  return {
    json: o.json,
    color: people.isTTY === true && !o.noColor,
    tty: stderr.isTTY === true,
    print: (text = "") => void people.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    emit: (document) => {
      if (o.json) stdout.write(`${JSON.stringify(document, null, indent)}\n`);
    },
    event: (document) => {
      indent = 0;
      if (o.json) stdout.write(`${JSON.stringify(document)}\n`);
    },
    progress: stderr,
  };
}

function ignoreClosedPipe(error: Error): void {
  if (!("code" in error && error.code === "EPIPE")) throw error;
}
