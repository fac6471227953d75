import { z } from "zod";
import type { Value } from "../../core/value.ts";
import { json, parseJson } from "../core/answers.ts";
import type { Answer, Call } from "../core/platform.ts";
import { breach, rowProblem } from "./errors.ts";
import { now, type Portal } from "./portal.ts";

const MAX_INPUTS = 100;
const TYPES = [
  { id: "7", name: "Newsletter" },
  { id: "8", name: "Offers" },
];

const writeBody = z.strictObject({
  inputs: z
    .array(
      z.strictObject({
        subscriberIdString: z.string(),
        subscriptionId: z.int(),
        statusState: z.enum(["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]),
        channel: z.literal("EMAIL"),
        legalBasis: z.string().optional(),
        legalBasisExplanation: z.string().optional(),
      }),
    )
    .min(1),
});
const readBody = z.strictObject({ inputs: z.array(z.string()).min(1) });

/** GET /communication-preferences/v4/definitions */
export function subscriptionTypes(portal: Portal): Answer {
  const at = now(portal);
  return json(200, {
    status: "COMPLETE",
    startedAt: at,
    completedAt: at,
    results: TYPES.map((type) => ({ ...type, description: type.name, isActive: true, isDefault: false })),
  });
}

/** POST /communication-preferences/v4/statuses/batch/write */
export function writeStatuses(portal: Portal, call: Call): Answer {
  const body = writeBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("Invalid input JSON");
  if (body.data.inputs.length > MAX_INPUTS) return breach(`The maximum number of inputs supported is ${MAX_INPUTS}`);
  const results: Value[] = [];
  const errors: Value[] = [];
  const touched: string[] = [];
  for (const input of body.data.inputs) {
    const email = input.subscriberIdString.toLowerCase();
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
      errors.push(
        rowProblem("VALIDATION_ERROR", `${email} is not an email address`, { id: [input.subscriberIdString] }),
      );
      continue;
    }
    if (!TYPES.some((type) => type.id === String(input.subscriptionId))) return breach("unknown subscription type");
    const key = `${input.subscriptionId}/${email}`;
    const same = portal.statuses.get(key) === input.statusState;
    portal.statuses.set(key, input.statusState);
    touched.push(email);
    results.push({
      ...shown(portal, String(input.subscriptionId), email),
      setStatusSuccessReason: same ? "NO_STATUS_CHANGE" : "REQUESTED_CHANGE_OCCURRED",
    });
  }
  const at = now(portal);
  const common = { status: "COMPLETE", results, startedAt: at, completedAt: at };
  const extras = { applied: touched.length > 0, rows: { set: touched } };
  if (errors.length === 0) return json(200, common, extras);
  return json(207, { ...common, errors, numErrors: errors.length }, extras);
}

/** POST /communication-preferences/v4/statuses/batch/read */
export function readStatuses(portal: Portal, call: Call): Answer {
  if (call.query.get("channel") !== "EMAIL") return breach("channel is required");
  const body = readBody.safeParse(parseJson(call.body));
  if (!body.success) return breach("Invalid input JSON");
  if (body.data.inputs.length > MAX_INPUTS) return breach(`The maximum number of inputs supported is ${MAX_INPUTS}`);
  const at = now(portal);
  const results = body.data.inputs.map((input) => ({
    subscriberIdString: input,
    statuses: TYPES.filter(({ id }) => portal.statuses.has(`${id}/${input.toLowerCase()}`)).map(({ id }) =>
      shown(portal, id, input.toLowerCase()),
    ),
  }));
  return json(200, { status: "COMPLETE", results, startedAt: at, completedAt: at });
}

function shown(portal: Portal, id: string, email: string): { readonly [name: string]: Value } {
  return {
    channel: "EMAIL",
    source: "SUBSCRIPTION_STATUS",
    status: portal.statuses.get(`${id}/${email}`) ?? "NOT_SPECIFIED",
    subscriberIdString: email,
    subscriptionId: Number(id),
    timestamp: now(portal),
  };
}
