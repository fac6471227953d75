import type { Clock } from "../../core/clock.ts";
import { json, violated } from "../core/answers.ts";
import type { Misbehaviour } from "../core/misbehaviour.ts";
import type { Answer, Call, Platform, Route } from "../core/platform.ts";
import { type Account, accountState, clearAccount, createAccount, restoreAccount } from "./account.ts";
import type { MailchimpConfig } from "./config.ts";
import { limited, notThere, problem } from "./errors.ts";
import { addEvent, archiveMember, batchMembers, deleteMember, getMember, patchMember } from "./members.ts";
import { changeSegment, createSegment, listSegments } from "./segments.ts";

const SHOWN = 20;
const MEMBER = "/lists/:list/members/:hash";

type Handler = (account: Account, call: Call) => Answer;

const operations: readonly (readonly [Route["method"], string, Handler])[] = [
  ["GET", "/", (account) => json(200, { account_id: account.config.account_id, account_name: "Sandbox" })],
  ["GET", "/ping", () => json(200, { health_status: "Everything's Chimpy!" })],
  ["GET", "/lists", lists],
  ["GET", "/lists/:list/merge-fields", mergeFields],
  ["POST", "/lists/:list", batchMembers],
  ["GET", MEMBER, getMember],
  ["PATCH", MEMBER, patchMember],
  ["DELETE", MEMBER, archiveMember],
  ["POST", `${MEMBER}/actions/delete-permanent`, deleteMember],
  ["POST", `${MEMBER}/events`, addEvent],
  ["GET", "/lists/:list/segments", listSegments],
  ["POST", "/lists/:list/segments", createSegment],
  ["POST", "/lists/:list/segments/:segment", changeSegment],
];

/** The Mailchimp stand-in: members, tags (static segments), events, archiving and permanent deletion. */
export function createMailchimp(config: MailchimpConfig, clock: Clock, misbehaviour: Misbehaviour): Platform {
  const account = createAccount(config, clock, misbehaviour);
  const routes = operations.map(
    ([method, path, handler]): Route => ({
      method,
      path: `/3.0${path}`,
      handle: (call) => unauthorised(config, call) ?? handler(account, call),
    }),
  );
  return {
    name: "mailchimp",
    title: "Mailchimp",
    routes: [
      ...routes,
      { method: "ANY", path: "/*", handle: () => violated(notThere(), "the sandbox knows no such resource") },
    ],
    refuse: (status) => (status === 429 ? limited() : problem(status, "Told", `answered ${status} as told`)),
    // Neither API keys nor OAuth tokens expire.
    expireTokens: () => undefined,
    state: () => accountState(account),
    snapshot: () => accountState(account),
    restore: (snapshot) => restoreAccount(account, snapshot),
    reset: () => clearAccount(account),
    page() {
      const members = [...account.members.values()].slice(-SHOWN).reverse();
      return {
        summary: `${account.members.size} members, ${account.segments.size} tags, ${account.events.length} events`,
        tables: [
          {
            title: "Members",
            note: `The last ${members.length}.`,
            columns: ["email", "status", "tags", "merge fields"],
            rows: members.map((member) => [
              member.email,
              member.status,
              member.tags.join(", "),
              JSON.stringify(member.merge_fields).slice(0, 300),
            ]),
          },
        ],
      };
    },
  };
}

function unauthorised(config: MailchimpConfig, call: Call): Answer | undefined {
  const [scheme, credential = ""] = (call.headers.authorization ?? "").split(" ");
  const password = Buffer.from(credential, "base64").toString("utf8").split(":").slice(1).join(":");
  if (scheme === "Basic" && config.api_keys.includes(password)) return undefined;
  if (scheme === "Bearer" && config.tokens.includes(credential)) return undefined;
  return problem(
    401,
    "API Key Invalid",
    "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
  );
}

function lists(account: Account, call: Call): Answer {
  const all = Object.entries(account.config.audiences).map(([id, name]) => ({ id, name }));
  const [offset, count] = [Number(call.query.get("offset") ?? 0), Number(call.query.get("count") ?? 10)];
  return json(200, { lists: all.slice(offset, offset + count), total_items: all.length });
}

function mergeFields(account: Account, call: Call): Answer {
  if (!Object.hasOwn(account.config.audiences, call.params.list ?? "")) return notThere();
  const fields = Object.entries(account.config.merge_fields).map(([tag, type], at) => ({
    merge_id: at + 1,
    tag,
    name: tag.toLowerCase(),
    type: type.replace("!", ""),
    required: type.endsWith("!"),
    options: type.startsWith("dropdown") ? { choices: ["S", "M", "L"] } : { size: 25 },
  }));
  return json(200, { merge_fields: fields, list_id: call.params.list ?? "", total_items: fields.length });
}
