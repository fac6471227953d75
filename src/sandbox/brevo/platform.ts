import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import type { Row } from "../../core/value.ts";
import { empty, json, parseJson, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { createWindows } from "../core/windows.ts";
import { type Account, breach, createAccount, nextId, problem, writeContact } from "./account.ts";
import type { BrevoConfig } from "./config.ts";
import { createContact, deleteContact, getProcess, importContacts, leaveList, updateContacts } from "./contacts.ts";

const SHOWN = 20;
const HOUR_MS = 3_600_000;

type Handler = (account: Account, call: Call) => Answer;

const operations: readonly (readonly [Route["method"], string, Handler])[] = [
  ["GET", "/account", (account) => json(200, { email: account.config.email, companyName: "Sandbox", plan: [] })],
  ["GET", "/contacts/attributes", getAttributes],
  ["GET", "/contacts/folders", () => json(200, { folders: [{ id: 1, name: "Your first folder" }], count: 1 })],
  ["GET", "/contacts/lists", getLists],
  ["POST", "/contacts/lists", createList],
  ["POST", "/contacts/lists/:list/contacts/remove", leaveList],
  ["POST", "/contacts", createContact],
  ["POST", "/contacts/batch", updateContacts],
  ["POST", "/contacts/import", importContacts],
  ["DELETE", "/contacts/:identifier", deleteContact],
  ["GET", "/processes/:id", getProcess],
  ["POST", "/events", createEvent],
];

/** The Brevo stand-in: contacts, lists, imports, events; rate limits of the general tier in Brevo's own headers. */
export function createBrevo(config: BrevoConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const account = createAccount(config, clock, misbehaviour);
  const windows = createWindows(clock);
  const guard = (call: Call): Answer | undefined => {
    if (!config.api_keys.includes(call.headers["api-key"] ?? "")) return problem(401, "unauthorized", "Key not found");
    const area = /^\/v3\/(contacts|events)/.exec(call.path)?.[1] ?? "other";
    const spent =
      area === "other"
        ? windows.spend(area, config.other_requests_per_hour, HOUR_MS)
        : windows.spend(area, config.requests_per_second, 1_000);
    return spent.allowed ? undefined : limited(spent.limit, spent.endsAtMs - clock.now().getTime());
  };
  const routes = operations.map(
    ([method, path, handler]): Route => ({
      method,
      path: `/v3${path}`,
      handle: (call) => guard(call) ?? handler(account, call),
    }),
  );
  return {
    name: "brevo",
    title: "Brevo",
    routes: [
      ...routes,
      {
        method: "ANY",
        path: "/*",
        handle: () =>
          violated(problem(404, "document_not_found", "no such path"), "the sandbox knows no such resource"),
      },
    ],
    refuse: (status) =>
      status === 429
        ? limited(config.requests_per_second, 1_000)
        : problem(status, "told", `answered ${status} as told`),
    // API keys do not expire.
    expireTokens: () => undefined,
    state: account.kept.state,
    snapshot: account.kept.snapshot,
    restore: account.kept.restore,
    reset() {
      account.kept.reset();
      windows.reset();
    },
    page() {
      const { contacts, lists, events } = account.kept.data;
      const last = Object.values(contacts).slice(-SHOWN).reverse();
      return {
        summary: `${Object.keys(contacts).length} contacts, ${Object.keys(lists).length} lists, ${events.length} events`,
        tables: [
          {
            title: "Contacts",
            note: `The last ${last.length}.`,
            columns: ["email", "attributes", "lists"],
            rows: last.map((one) => [
              one.email,
              JSON.stringify(one.attributes).slice(0, 300),
              one.lists.map((id) => lists[id] ?? String(id)).join(", "),
            ]),
          },
        ],
      };
    },
  };
}

/** https://developers.brevo.com/docs/limit-headers */
function limited(limit: number, leftMs: number): Answer {
  return json(
    429,
    { code: "too_many_requests", message: "Too many requests" },
    {
      headers: {
        "x-sib-ratelimit-limit": String(limit),
        "x-sib-ratelimit-remaining": "0",
        "x-sib-ratelimit-reset": String(Math.ceil(leftMs / 1000)),
      },
    },
  );
}

function getAttributes(account: Account): Answer {
  const attributes = Object.entries(account.config.attributes).map(([name, type]) =>
    type === "calculated"
      ? { name, category: "calculated", calculatedValue: "COUNT[]" }
      : { name, category: "normal", type },
  );
  return json(200, { attributes });
}

function getLists(account: Account, call: Call): Answer {
  const [limit, offset] = [Number(call.query.get("limit") ?? 10), Number(call.query.get("offset") ?? 0)];
  if (!(limit >= 0 && limit <= 50)) return breach("limit must be at most 50");
  const all = Object.entries(account.kept.data.lists).map(([id, name]) => ({ id: Number(id), name, folderId: 1 }));
  return json(200, { lists: all.slice(offset, offset + limit), count: all.length });
}

const listBody = z.strictObject({ name: z.string().min(1), folderId: z.int() });

function createList(account: Account, call: Call): Answer {
  const body = listBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("name and folderId are required");
  if (body.data.folderId !== 1) return problem(404, "document_not_found", "Folder does not exist");
  const id = nextId(account);
  account.kept.data.lists[id] = body.data.name;
  return json(201, { id }, { applied: true, rows: { created: [body.data.name] } });
}

const eventBody = z.strictObject({
  event_name: z.string().regex(/^[\w-]{1,255}$/),
  event_date: z.string().optional(),
  identifiers: z.strictObject({
    email_id: z.string().optional(),
    ext_id: z.string().optional(),
    sms: z.string().optional(),
    whatsapp: z.string().optional(),
    landline_number: z.string().optional(),
  }),
  contact_properties: z.record(z.string(), z.unknown()).optional(),
  event_properties: z.record(z.string(), z.unknown()).optional(),
});

/** POST /v3/events */
function createEvent(account: Account, call: Call): Answer {
  const body = eventBody.safeParse(parseJson(call.body));
  if (!body.success) return breach(z.prettifyError(body.error));
  const { email_id: email, ...others } = body.data.identifiers;
  if (email === undefined && Object.keys(others).length === 0) return breach("an identifier is required");
  if (email !== undefined && !/^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(email))
    return problem(400, "invalid_parameter", `${email} is not valid in identifiers.email_id`);
  if (email !== undefined && account.kept.data.contacts[email.toLowerCase()] === undefined)
    writeContact(account, email, {});
  account.kept.data.events.push(body.data as Row);
  return empty(204, { applied: true, rows: { recorded: [email ?? Object.values(others)[0] ?? ""] } });
}
