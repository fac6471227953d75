import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { z } from "zod";
import { compileAll } from "../../src/commands/compiled.ts";
import { findDbt } from "../../src/models/find-dbt.ts";
import { environment } from "../models/demo-project.ts";
import { makeSegmentProject } from "../support/segment-project.ts";

const segment = (i: number): string => `segment: s${i}
description: "Number ${i}: it's {new}"
where:
  all:
    - { trait: order_count, gte: ${i % 7} }
    - { did: bought, within: ${1 + i} days, where: { amount: { gte: ${i % 50} } } }
    - any: [{ trait: country, in: [A, B${i % 20}] }, { did_not: bought, within: 30 days }]
    - { sequence: [{ did: bought }, { did: bought }], within: ${1 + (i % 9)} days }
${i === 0 ? "" : `    - not: { segment: s${i - 1} }\n`}`;

/** dbt's own: what it can read of a model without rendering it, or that it cannot. */
const extract = `
import json, sys
from dbt_extractor import ExtractionError, py_extract_from_source
def refs(text):
    try:
        return len(py_extract_from_source(text)["refs"])
    except ExtractionError:
        return None
json.dump({path: refs(text) for path, text in json.load(sys.stdin).items()}, sys.stdout)
`;

test("dbt reads compiled segments without rendering them, and renders a number of models that does not grow", async () => {
  const project = await makeSegmentProject(
    {
      "sql/models/purchases.sql": "select 1 as customer_id\n",
      "traits/t.yml":
        'traits: { from: purchases, profile: { user_id: customer_id }, at: bought_at, order_count: { count: "*" }, country: { last: country, as: text } }\n',
      "events/e.yml":
        "events: { bought: { model: purchases, key: id, at: bought_at, profile: { user_id: customer_id }, properties: { amount: { column: amount, type: number } } } }\n",
      ...Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`segments/s${i}.yml`, segment(i)])),
    },
    "UTC",
  );
  try {
    const models = compileAll(await project.compile()).filter(({ path }) => path.endsWith(".sql"));
    const { python } = await findDbt({ projectDir: project.dir, env: environment() });
    const answer = execFileSync(python, ["-c", extract], {
      input: JSON.stringify(Object.fromEntries(models.map(({ path, text }) => [path, text]))),
      encoding: "utf8",
    });
    const refs = z.record(z.string(), z.number().nullable()).parse(JSON.parse(answer));
    const own = Object.entries(refs).filter(([path]) => /^segments\/s\d+\.sql$/.test(path));
    expect(own).toHaveLength(200);
    expect(own.filter(([, count]) => count === null || count < 3)).toEqual([]);
    const rendered = models.filter(({ path }) => refs[path] === null);
    expect(rendered.map(({ path }) => path).sort()).toEqual([
      "segments/event_counts__purchases.sql",
      "segments/event_counts__purchases_apart.sql",
      "segments/event_sequences.sql",
      "segments/segment_flags.sql",
      "segments/segment_membership.sql",
      "traits/traits__t.sql",
    ]);
    // History waits for every segment, whether another's rule names it or a comment does.
    const flags = models.filter(({ path }) => /segment_flags_\d+\.sql$/.test(path)).map(({ text }) => text);
    const named = new Set([...flags.join("").matchAll(/\{\{ ref\('(s\d+)'\) \}\}/g)].map(([, name]) => name));
    expect(named.size).toBe(200);
    for (const text of flags) {
      const waits = [...text.matchAll(/-- depends_on: \{\{ ref\('(s\d+)'\) \}\}/g)].map(([, name]) => name);
      for (const name of waits) expect(text.split(`ref('${name}')`)).toHaveLength(2);
    }
    // What two hundred segments ask of events is counted and named without a call for each.
    const counts = rendered.filter(({ path }) => path.includes("event_counts")).map(({ text }) => text);
    expect(counts.join("").match(/'[0-9a-f]{6}_bought_\d+_days?_?\w*' as pattern|as bought_\w+/g)).toHaveLength(201);
    expect(counts.map((text) => text.match(/millrace\./g)?.length)).toEqual([1, 1]);
  } finally {
    await project.remove();
  }
}, 120_000);
