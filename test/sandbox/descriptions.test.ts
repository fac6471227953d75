import { describe, expect, it } from "vitest";
import { type Found, klaviyoDescription, salesforceDescription } from "../support/api-descriptions.ts";
import { klaviyoCaller, salesforceCaller, start } from "./support.ts";

/** Runs the body with the description, or skips and says why. */
function held(
  name: string,
  found: Found,
  run: (description: Extract<Found, { description: unknown }>["description"]) => Promise<void>,
) {
  it(name, async ({ skip }) => {
    if ("skip" in found) return skip(found.skip);
    await run(found.description);
  });
}

const profile = (attributes: object) => ({ type: "profile", attributes });

describe("the stand-ins against the vendors' own descriptions", () => {
  held("Klaviyo: what the sandbox takes and answers is as described", klaviyoDescription(), async (description) => {
    const sandbox = await start({ klaviyo: { job_polls: 0 } });
    const kl = klaviyoCaller(sandbox);
    const list = (
      await kl("POST", "/api/lists", {
        data: { type: "list", attributes: { name: "L", opt_in_process: "single_opt_in" } },
      })
    ).body.data.id;
    const job = await kl("POST", "/api/profile-bulk-import-jobs", {
      data: {
        type: "profile-bulk-import-job",
        attributes: {
          profiles: {
            data: [
              profile({ email: "a@example.com", location: { city: "x" }, properties: { n: 1 } }),
              profile({ email: "bad" }),
            ],
          },
        },
        relationships: { lists: { data: [{ type: "list", id: list }] } },
      },
    });
    const path = `/api/profile-bulk-import-jobs/${job.body.data.id}`;
    for (const more of ["", "/import-errors?page[size]=50", "/profiles", "/relationships/profiles"])
      await kl("GET", path + more);
    await kl("GET", "/api/profile-bulk-import-jobs");
    const { body } = await kl("POST", "/api/profiles", { data: profile({ external_id: "E1" }) });
    await kl("POST", "/api/profiles", { data: profile({ external_id: "E1" }) });
    const { id } = body.data;
    await kl("PATCH", `/api/profiles/${id}`, { data: { type: "profile", id, attributes: { first_name: "A" } } });
    await kl("POST", "/api/profile-import", { data: profile({ external_id: "E1", first_name: null }) });
    await kl("GET", `/api/profiles/${id}?additional-fields[profile]=subscriptions`);
    await kl("GET", "/api/profiles?filter=equals(external_id,%22E1%22)&page[size]=100");
    await kl("POST", `/api/lists/${list}/relationships/profiles`, { data: [{ type: "profile", id }] });
    await kl("GET", `/api/lists/${list}/relationships/profiles?page[size]=1`);
    await kl("GET", `/api/lists/${list}/profiles`);
    await kl("DELETE", `/api/lists/${list}/relationships/profiles`, { data: [{ type: "profile", id }] });
    await kl("GET", "/api/lists");
    await kl("GET", `/api/lists/${list}`);
    const relationships = { list: { data: { type: "list", id: list } } };
    const subscriptions = (consent: string) => ({ email: { marketing: { consent } } });
    for (const [kind, word] of [
      ["create", "SUBSCRIBED"],
      ["delete", "UNSUBSCRIBED"],
    ] as const) {
      const type = `profile-subscription-bulk-${kind}-job`;
      const profiles = { data: [profile({ email: "a@example.com", subscriptions: subscriptions(word) })] };
      await kl("POST", `/api/${type}s`, { data: { type, attributes: { profiles }, relationships } });
    }
    for (const kind of ["create", "delete"]) {
      const type = `profile-suppression-bulk-${kind}-job`;
      const profiles = { data: [profile({ email: "a@example.com" })] };
      await kl("POST", `/api/${type}s`, { data: { type, attributes: { profiles } } });
    }
    const metric = { data: { type: "metric", attributes: { name: "Placed Order" } } };
    const event = { type: "event", attributes: { properties: { sku: "A-1" }, value: 1.5, unique_id: "1", metric } };
    const entry = { profile: { data: profile({ email: "a@example.com" }) }, events: { data: [event] } };
    const events = { data: [{ type: "event-bulk-create", attributes: entry }] };
    await kl("POST", "/api/event-bulk-create-jobs", {
      data: { type: "event-bulk-create-job", attributes: { "events-bulk-create": events } },
    });
    await kl("POST", "/api/data-privacy-deletion-jobs", {
      data: {
        type: "data-privacy-deletion-job",
        attributes: { profile: { data: { type: "profile", attributes: { email: "a@example.com" } } } },
      },
    });
    await kl("DELETE", `/api/lists/${list}`);

    expect(sandbox.seen.length).toBeGreaterThan(20);
    const faults = sandbox.seen.flatMap((seen) => [
      ...(description.requestFaults(seen) ?? ["not described"]).map(
        (fault) => `${seen.method} ${seen.path} request ${fault}`,
      ),
      ...(description.answerFaults(seen) ?? []).map(
        (fault) => `${seen.method} ${seen.path} ${seen.status} answer ${fault}`,
      ),
    ]);
    expect(faults).toEqual([]);
    expect(await sandbox.violations()).toEqual([]);
  });

  held(
    "Klaviyo: what the description refuses, the sandbox calls a violation",
    klaviyoDescription(),
    async (description) => {
      const sandbox = await start();
      const kl = klaviyoCaller(sandbox);
      await kl("POST", "/api/lists", { data: { type: "liste", attributes: { name: "L" } } });
      await kl("POST", "/api/lists", { data: { type: "list", attributes: {} } });
      await kl("POST", "/api/profile-bulk-import-jobs", {
        data: { type: "profile-bulk-import-job", attributes: { profiles: [] } },
      });
      await kl("POST", "/api/profiles", { data: profile({ email: 5 }) });
      await kl("GET", "/api/lists?page[size]=11");
      expect(sandbox.seen.map((seen) => (description.requestFaults(seen) ?? []).length > 0)).toEqual(
        Array(5).fill(true),
      );
      expect(await sandbox.violations()).toHaveLength(5);
    },
  );

  held(
    "Salesforce: what the sandbox takes and answers is as described",
    salesforceDescription(),
    async (description) => {
      const sandbox = await start();
      const sf = await salesforceCaller(sandbox);
      const attributes = { type: "Contact" };
      const made = await sf("POST", "/composite/sobjects", {
        allOrNone: false,
        records: [{ attributes, LastName: "x" }, { attributes }],
      });
      await sf("PATCH", "/composite/sobjects", {
        allOrNone: true,
        records: [{ attributes, Id: made.body[0].id, FirstName: "y" }],
      });
      await sf("DELETE", `/composite/sobjects?ids=${made.body[0].id}`);
      const job = await sf("POST", "/jobs/ingest", {
        object: "Contact",
        operation: "insert",
        contentType: "CSV",
        lineEnding: "LF",
      });
      const path = `/jobs/ingest/${job.body.id}`;
      await sf("PUT", `${path}/batches`, "LastName\nx\n", { "content-type": "text/csv" });
      await sf("PATCH", path, { state: "UploadComplete" });
      await sf("GET", path);

      const described = sandbox.seen.filter((seen) => description.requestFaults(seen) !== null);
      expect(described).toHaveLength(7);
      const faults = described.flatMap((seen) => [
        ...(description.requestFaults(seen) ?? []).map((fault) => `${seen.method} ${seen.path} request ${fault}`),
        ...(description.answerFaults(seen) ?? []).map((fault) => `${seen.method} ${seen.path} answer ${fault}`),
      ]);
      expect(faults).toEqual([]);
    },
  );
});
