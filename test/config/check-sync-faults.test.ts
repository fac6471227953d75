import { describe, expect, it } from "vitest";
import { A, checkLines, type FaultCase, variable } from "./faulty.ts";
import { changed } from "./temp-project.ts";

const cases: readonly FaultCase[] = [
  // a sync
  [
    "an unknown key of a sync",
    changed(A, "fields:", "feilds:"),
    [`${A}:10: unknown key "feilds" — did you mean "fields"?`],
  ],
  [
    "a key that is missing",
    changed(A, "key: customer_id\n", ""),
    [`${A}:1: the key "key" is missing — add \`key: …\`: the model's unique column`],
  ],
  [
    "a key of several columns",
    changed(A, "key: customer_id", "key: [customer_id, shop]"),
    [`${A}:3: "key" must be text, not a list — write one value, without brackets or a dash`],
  ],
  [
    "a key in brackets",
    changed(A, "key: customer_id", "key: [customer_id]"),
    [`${A}:3: "key" must be text, not a list — write one value, without brackets or a dash: customer_id`],
  ],
  ["a key without a value", changed(A, "key: customer_id", "key:"), [`${A}:3: "key" must be text, not empty`]],
  [
    "a name that cannot be one",
    changed(A, "sync: vips", "sync: VIPs!"),
    [
      `${A}:1: "sync": "VIPs!" cannot be a name — a name begins with a letter a–z; then a–z, 0–9, - and _, at most 80 characters`,
    ],
  ],
  [
    "no source",
    changed(A, "model: vip_customers\n", ""),
    [`${A}:1: the sync does not say what it reads — add one of: model, segment, audience, table`],
  ],
  [
    "two sources",
    changed(A, "key:", "segment: lapsing\nkey:"),
    [`${A}:3: a sync reads one thing, and this one names model, segment — keep one`],
  ],
  [
    "an unknown mode",
    changed(A, "mode: upsert", "mode: upser"),
    [`${A}:9: "mode" cannot be "upser" — did you mean "upsert"?`],
  ],
  [
    "a mode near nothing",
    changed(A, "mode: upsert", "mode: sync"),
    [`${A}:9: "mode" cannot be "sync" — one of: mirror, upsert, insert, update, append, remove`],
  ],
  [
    "a field that is a list",
    changed(A, "Email: email", "Email: [email]"),
    [`${A}:11: "Email" cannot be a list — it may be text, or a mapping (key: value)`],
  ],
  [
    "a field's misspelt key",
    changed(A, "{ column: last_name }", "{ colum: last_name, type: text }"),
    [`${A}:12: unknown key "colum" — did you mean "column"?`],
  ],
  [
    "a field's unknown type",
    changed(A, "{ column: last_name }", "{ column: last_name, type: txt }"),
    [`${A}:12: "type" cannot be "txt" — did you mean "text"?`],
  ],
  [
    "rounding a text",
    changed(A, "{ column: last_name }", "{ column: last_name, type: text, round: 2 }"),
    [`${A}:12: a field of type text cannot be rounded — write \`type: number\``],
  ],
  [
    "a template where a column stands",
    changed(A, "Email: email", 'Email: "{{ email }}"'),
    [`${A}:11: "Email": a column's name has no {{ }} — for a template write { template: "{{ email }}" }`],
  ],
  [
    "a filter in a template",
    changed(A, "{ column: last_name }", '{ template: "{{ last_name | upper }}" }'),
    [
      `${A}:12: "template": "{{ last_name | upper }}" is no column — inside {{ }} stands one column's name; compute in the model`,
    ],
  ],
  [
    "a template that is not closed",
    changed(A, "{ column: last_name }", '{ template: "x {{ last_name" }'),
    [`${A}:12: "template": a "{{" is not closed — inside {{ }} stands one column's name; compute in the model`],
  ],
  [
    "Jinja in a template",
    changed(A, "{ column: last_name }", '{ template: "{% if x %}" }'),
    [
      `${A}:12: "template": "{%" has no place in a template — inside {{ }} stands one column's name; compute in the model`,
    ],
  ],
  [
    "a cron of six fields",
    changed(A, "mode:", 'schedule: { cron: "0 0 6 * * 1" }\nmode:'),
    [
      `${A}:9: "cron": a cron expression has five fields (minute, hour, day of the month, month, day of the week), not 6 — five fields, e.g. "0 6 * * 1-5" for 06:00 on working days`,
    ],
  ],
  [
    "an hour there is not",
    changed(A, "mode:", 'schedule: { cron: "0 24 * * *" }\nmode:'),
    [`${A}:9: "cron": "24" is no hour (0–23) — five fields, e.g. "0 6 * * 1-5" for 06:00 on working days`],
  ],
  [
    "a day that never comes",
    changed(A, "mode:", 'schedule: { cron: "0 6 30 2 *" }\nmode:'),
    [
      `${A}:9: "cron": no such month has a day 30: it never runs — five fields, e.g. "0 6 * * 1-5" for 06:00 on working days`,
    ],
  ],
  [
    "a time zone there is not",
    changed(A, "mode:", 'schedule: { cron: "0 6 * * *", timezone: Europe/Londn }\nmode:'),
    [`${A}:9: "timezone": there is no time zone "Europe/Londn" — did you mean "Europe/London"?`],
  ],
  [
    "a duration that is none",
    changed(A, "mode:", "schedule: { every: often }\nmode:"),
    [`${A}:9: "every": "often" is no duration — write a number and a unit: 30s, 15m, 24h or 90 days`],
  ],
  [
    "rejects retried never",
    changed(A, "mode:", "rejects: { retry: never }\nmode:"),
    [`${A}:9: "retry" cannot be text — it may be "on_change", "always", or a mapping (key: value)`],
  ],
  ["a batch of nothing", changed(A, "mode:", "batch: { rows: 0 }\nmode:"), [`${A}:9: "rows" must be at least 1`]],
  [
    "a consent gate",
    changed(A, "mode:", "consent: { purpose: marketing }\nmode:"),
    [`${A}:9: consent gates come later; this version knows only none — write \`consent: none\`, or leave the key out`],
  ],
  [
    "when_removed outside of mirror",
    changed(A, "mode:", "when_removed: delete\nmode:"),
    [
      `${A}:9: only mirror removes what leaves the model; in mode upsert when_removed would do nothing — write \`mode: mirror\`, or leave when_removed out`,
    ],
  ],
  [
    "a variable that is none",
    changed(A, "Email: email", `Email: "${variable("1X")}"`),
    [
      `${A}:11: "\${1X}" is no variable — write \${NAME} or \${NAME:-default} in letters, digits and _; a plain \${ is written $\${`,
    ],
  ],
];

describe("check of one sync", () => {
  it.each(cases)("names place, fault and mend of %s", (_name, files, lines) => {
    expect(checkLines(files)).toEqual(lines);
  });
});
