import net from "node:net";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { BatchRefused, QuotaExhausted } from "../../src/core/delivery-errors.ts";
import { MillraceError } from "../../src/core/errors.ts";
import { Accounts, type AccountUse } from "../../src/deliver/accounts.ts";
import type { HttpSettings } from "../../src/deliver/http.ts";
import { DryRunEnds, type RecordedRequest } from "../../src/deliver/http-request.ts";
import { answerOf } from "../../src/deliver/platform-answer.ts";
import type { Connector, HttpClient, HttpRequest, RateLimit } from "../../src/destinations/connector.ts";
import { server, skippingClock, startAt, testConnector, testTarget } from "./rig.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface ClientOptions extends Partial<AccountUse> {
  readonly authenticate?: Connector<unknown>["authenticate"];
  readonly secrets?: readonly string[];
  readonly settings?: Partial<HttpSettings>;
  readonly limits?: readonly RateLimit[];
}

function accountAt(baseUrl: string, options: ClientOptions = {}) {
  const clock = skippingClock();
  const accounts = new Accounts({ clock, http: { timeoutMs: 2_000, ...options.settings } });
  closing.push(() => accounts.close());
  const target = testTarget({ send: async () => ({ state: "done", rows: [] }) });
  const connector = testConnector({ baseUrl, target, ...options });
  return { clock, open: accounts.open(connector, {}, options.secrets ?? []) };
}

function clientAt(baseUrl: string, options: ClientOptions = {}): HttpClient {
  return accountAt(baseUrl, options).open.ctx({ signal: new AbortController().signal, ...options }).http;
}

async function peer(answer: Parameters<typeof server>[0]): Promise<string> {
  const started = await server(answer);
  closing.push(() => started.close());
  return started.url;
}

async function caught(work: Promise<unknown>): Promise<MillraceError> {
  const error = await work.then(
    () => new Error("it succeeded"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof MillraceError) return error;
  throw error;
}

const post = { method: "POST", path: "/things", json: { name: "Ann" }, expect: "none" } as const;

const answers: [status: number, headers: Record<string, string>, error: string, retryAfterMs?: number | null][] = [
  [429, { "retry-after": "7" }, "RateLimited", 7_000],
  [429, { "retry-after": new Date(startAt.getTime() + 90_000).toUTCString() }, "RateLimited", 90_000],
  [429, { "x-ratelimit-reset": "30" }, "RateLimited", null],
  [401, {}, "AuthFailed"],
  [403, {}, "AuthFailed"],
  [503, { "retry-after": "3" }, "Unavailable", 3_000],
  [529, { "retry-after": "3" }, "Unavailable", 3_000],
  [425, {}, "Unavailable", null],
  [503, {}, "OutcomeUnknown", null],
  [500, {}, "OutcomeUnknown", null],
  [502, {}, "OutcomeUnknown", null],
  [504, { "retry-after": "4" }, "OutcomeUnknown", 4_000],
  [408, {}, "OutcomeUnknown", null],
  [400, {}, "BatchRefused"],
  [404, {}, "BatchRefused"],
  [409, {}, "BatchRefused"],
  [413, {}, "BatchRefused"],
  [422, {}, "BatchRefused"],
  [302, { location: "https://elsewhere.example/x?token=abc" }, "TargetInvalid"],
];

test.each(answers)("an answer of %i with %j is %s", async (status, headers, name, retryAfterMs) => {
  const url = await peer((_, __, response) => response.writeHead(status, headers).end('{"message":"Ann is bad"}'));
  for (const method of ["POST", "GET"] as const) {
    const error = await caught(clientAt(url).request({ method, path: "/things", expect: "none" }));
    expect(error.name).toBe(name);
    expect(error.hint).not.toBe("");
    expect(error.message).not.toContain("Ann");
    if (retryAfterMs !== undefined) expect(error).toHaveProperty("retryAfterMs", retryAfterMs);
    if (error instanceof BatchRefused) {
      expect(error.reason).toBe(`HTTP_${status}`);
      expect(answerOf(error)).toBe("Ann is bad");
      expect(JSON.stringify(error)).not.toContain("Ann");
    }
    if (status === 302) {
      expect(error.message).toContain("elsewhere.example");
      expect(error.message).not.toContain("abc");
    }
  }
});

test("an Retry-After holds up everybody of the account", async () => {
  let requests = 0;
  const url = await peer((_, __, response) => {
    requests += 1;
    response.writeHead(requests === 1 ? 429 : 200, { "retry-after": "20" }).end();
  });
  const { open, clock } = accountAt(url);
  const [first, second] = [1, 2].map(() => open.ctx({ signal: new AbortController().signal }).http);
  await caught(first?.request(post) ?? Promise.resolve());
  await second?.request(post);
  expect(clock.now().getTime() - startAt.getTime()).toBeGreaterThanOrEqual(20_000);
});

test("a connection that never stood leaves nothing applied", async () => {
  const free = await server((_, __, response) => response.end());
  await free.close();
  expect((await caught(clientAt(free.url).request(post))).name).toBe("Unavailable");
  expect((await caught(clientAt("http://nobody.invalid").request(post))).name).toBe("Unavailable");
  // Plain text where TLS is spoken, and the other way round: no request was read.
  const plain = await peer((_, __, response) => response.end());
  expect((await caught(clientAt(plain.replace("http:", "https:")).request(post))).name).toBe("Unavailable");
});

test("an answer that never comes, or breaks off, leaves the outcome unknown", async () => {
  const silent = await peer(() => undefined);
  const timedOut = await caught(clientAt(silent, { settings: { timeoutMs: 50 } }).request(post));
  expect([timedOut.name, timedOut.context]).toEqual(["OutcomeUnknown", { error: "TIMEOUT" }]);
  const hangsUp = await peer((request) => request.socket.destroy());
  expect((await caught(clientAt(hangsUp).request(post))).name).toBe("OutcomeUnknown");
  const halfway = await peer((request, _, response) => {
    response.writeHead(200, { "content-length": "100" }).write("half");
    setTimeout(() => request.socket.destroy(), 20);
  });
  expect((await caught(clientAt(halfway).request({ ...post, expect: "text" }))).name).toBe("OutcomeUnknown");
  const drips = await peer((_, __, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write("."), 10);
    response.on("close", () => clearInterval(timer));
  });
  const dripped = await caught(clientAt(drips, { settings: { timeoutMs: 80 } }).request({ ...post, expect: "text" }));
  expect(dripped.context).toEqual({ error: "TIMEOUT" });
  const gabbles = await peer((_, __, response) => response.end("x".repeat(2_000)));
  const tooLong = clientAt(gabbles, { settings: { maxResponseBytes: 1_000 } }).request({ ...post, expect: "text" });
  expect((await caught(tooLong)).name).toBe("OutcomeUnknown");
});

test("a handshake that hangs until the deadline was not applied", async () => {
  // A peer that takes connections and says nothing.
  const mute = net.createServer();
  await new Promise<void>((resolve) => mute.listen({ port: 0, host: "127.0.0.1" }, () => resolve()));
  const address = mute.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const accepted: net.Socket[] = [];
  mute.on("connection", (socket) => accepted.push(socket.pause()));
  closing.push(async () => {
    for (const socket of accepted) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });
  // Without TLS the connection stands at once; with TLS the handshake never ends, so nothing can have been read.
  const secure = clientAt(`https://127.0.0.1:${port}`, { settings: { timeoutMs: 60 } });
  expect((await caught(secure.request(post))).name).toBe("Unavailable");
  const plain = clientAt(`http://127.0.0.1:${port}`, { settings: { timeoutMs: 60 } });
  expect((await caught(plain.request(post))).name).toBe("OutcomeUnknown");
});

test("a success that is not what the platform documents leaves the outcome unknown", async () => {
  const url = await peer((request, _, response) =>
    response.end(request.url === "/json" ? '{"ann@example.com":1}' : "<html>"),
  );
  const expects = z.record(z.string(), z.string());
  const noJson = await caught(clientAt(url).request({ ...post, path: "/", expect: expects }));
  expect([noJson.name, noJson.message]).toEqual(["OutcomeUnknown", expect.stringContaining("no JSON")]);
  const noFit = await caught(clientAt(url).request({ ...post, path: "/json", expect: expects }));
  expect(noFit.name).toBe("OutcomeUnknown");
  expect(noFit.message).not.toContain("ann@example.com");
});

test("accepted answers are data, if they fit, and errors if they do not", async () => {
  const url = await peer((request, _, response) =>
    response.writeHead(207).end(request.url === "/fits" ? '{"errors":[]}' : "?"),
  );
  const request = { ...post, expect: z.object({ errors: z.array(z.string()) }), accept: [207, 400] };
  expect(await clientAt(url).request({ ...request, path: "/fits" })).toMatchObject({
    status: 207,
    body: { errors: [] },
  });
  const bad = await peer((_, __, response) => response.writeHead(400).end("?"));
  expect((await caught(clientAt(bad).request(request))).name).toBe("BatchRefused");
});

test("the connector's own reading of an error comes first", async () => {
  const url = await peer((_, __, response) =>
    response.writeHead(403, { "x-left": "0" }).end('[{"errorCode":"LIMIT"}]'),
  );
  const error = await caught(
    clientAt(url).request({
      ...post,
      mapError: (status, body, headers) =>
        new QuotaExhausted(JSON.stringify({ status, body, left: headers["x-left"] }), { hint: "h" }),
    }),
  );
  expect(error.name).toBe("QuotaExhausted");
  expect(JSON.parse(error.message)).toEqual({ status: 403, body: [{ errorCode: "LIMIT" }], left: "0" });
});

test("signs in once for everybody, once more after a 401, and then gives up", async () => {
  let token = 0;
  let valid = 1;
  const seen: (string | undefined)[] = [];
  const url = await peer((request, _, response) => {
    if (request.url === "/token") {
      token += 1;
      response.end(JSON.stringify({ token: `token-number-${token}` }));
      return;
    }
    seen.push(request.headers.authorization);
    const good = request.headers.authorization === `Bearer token-number-${valid}`;
    response.writeHead(good ? 204 : 401).end();
  });
  const authenticate: Connector<unknown>["authenticate"] = async (_, http) => {
    const reply = await http.request({ method: "POST", path: "/token", expect: z.object({ token: z.string() }) });
    return { headers: { Authorization: `Bearer ${reply.body.token}` } };
  };
  const client = clientAt(url, { authenticate });
  await Promise.all([client.request(post), client.request(post), client.request(post)]);
  expect(token).toBe(1);
  valid = 2;
  await Promise.all([client.request(post), client.request(post)]);
  expect(token).toBe(2);
  valid = 99;
  const error = await caught(client.request(post));
  expect([error.name, token]).toEqual(["AuthFailed", 3]);
  expect(error.message).not.toContain("token-number");
});

test("trouble with signing in leaves the request unsent", async () => {
  for (const [status, name] of [
    [400, "AuthFailed"],
    [401, "AuthFailed"],
    [404, "AuthFailed"],
    [500, "Unavailable"],
    [429, "RateLimited"],
  ] as const) {
    const asked: (string | undefined)[] = [];
    const url = await peer((request, _, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    });
    const authenticate: Connector<unknown>["authenticate"] = async (_, http) => {
      await http.request({ method: "POST", path: "/token", expect: "none" });
      return { headers: {} };
    };
    expect((await caught(clientAt(url, { authenticate }).request(post))).name).toBe(name);
    expect(asked).toEqual(["/token"]);
  }
});

test("sends to the account's own host only", async () => {
  const hits: string[] = [];
  const other = await peer((_, __, response) => response.end());
  const url = await peer((request, _, response) => {
    hits.push(request.url ?? "");
    response.end();
  });
  const client = clientAt(`${url}/base/`);
  await client.request({ ...post, path: "/a", query: { q: "x y", n: 1, b: true } });
  await client.request({ ...post, path: "b" });
  await client.request({ ...post, path: `${url}/absolute` });
  await client.request({ ...post, path: "?only=query" });
  await client.request({ ...post, path: "@nobody.invalid/c" });
  expect(hits).toEqual([
    "/base/a?q=x+y&n=1&b=true",
    "/base/b",
    "/absolute",
    "/base?only=query",
    "/base/@nobody.invalid/c",
  ]);
  expect((await caught(client.request({ ...post, path: `${other}/x` }))).name).toBe("ContractError");
  expect((await caught(clientAt("not a url").request(post))).name).toBe("ContractError");
  const moved = clientAt(url, { authenticate: async () => ({ headers: {}, baseUrl: other }) });
  await moved.request(post);
  await moved.request({ ...post, path: `${url}/first-host-is-its-own-too` });
  const lured = clientAt(url.replace("http:", "https:"), {
    authenticate: async () => ({ headers: {}, baseUrl: other }),
  });
  expect((await caught(lured.request(post))).name).toBe("ContractError");
});

test("writes JSON, forms, text and bytes, with the headers that belong to them", async () => {
  const seen: (readonly [type: string | undefined, body: string])[] = [];
  const url = await peer((request, body, response) => {
    seen.push([request.headers["content-type"], body]);
    response.end();
  });
  const client = clientAt(url);
  await client.request({ ...post, json: { a: "ü", b: null } });
  await client.request({ ...post, json: { a: "x y", b: [1, 2], c: { d: 1 }, e: null }, encoding: "form" });
  await client.request({
    method: "PUT",
    path: "/",
    body: "a,b\n",
    headers: { "Content-Type": "text/csv" },
    expect: "none",
  });
  await client.request({ method: "PUT", path: "/", body: new TextEncoder().encode("bytes"), expect: "none" });
  await client.request({ method: "DELETE", path: "/", expect: "none" });
  expect(seen).toEqual([
    ["application/json", '{"a":"ü","b":null}'],
    ["application/x-www-form-urlencoded", "a=x+y&b=1&b=2&c=%7B%22d%22%3A1%7D&e="],
    ["text/csv", "a,b\n"],
    ["application/octet-stream", "bytes"],
    [undefined, ""],
  ]);
});

test("a header that HTTP cannot carry is named, not sent", async () => {
  const url = await peer((_, __, response) => response.end());
  for (const value of ["two\nlines", "typographic \u2014 lines"]) {
    const error = await caught(clientAt(url).request({ ...post, headers: { "x-note": value } }));
    expect(error.name).toBe("TargetInvalid");
    expect(error.message).toContain("x-note");
    expect(error.message).not.toContain("lines");
  }
});

test("a stop ends the waiting for a turn; a broken-off request has no known outcome", async () => {
  const url = await peer(() => undefined);
  const limits = [{ scope: "all", requests: 100, perMs: 1_000, concurrency: 1 }];
  const { open } = accountAt(url, { limits });
  const [stop, hard] = [new AbortController(), new AbortController()];
  let applied = 0;
  const onApplied = () => {
    applied += 1;
  };
  const use = { signal: hard.signal, stop: stop.signal, onApplied };
  const hanging = caught(open.ctx(use).http.request(post));
  const waiting = caught(open.ctx(use).http.request(post));
  await new Promise((resolve) => setTimeout(resolve, 30));
  stop.abort(new Error("stop"));
  expect((await waiting).name).toBe("Interrupted");
  expect(applied).toBe(0);
  hard.abort(new Error("now"));
  expect((await hanging).name).toBe("Interrupted");
  expect(applied).toBe(1);
});

test("tells of requests before they leave, and of writes that may have been applied", async () => {
  let status = 200;
  const url = await peer((_, __, response) => response.writeHead(status).end());
  const told: string[] = [];
  const client = clientAt(url, {
    onRequest: ({ write }) => void told.push(write ? "write" : "read"),
    onApplied: () => void told.push("applied"),
  });
  await client.request(post);
  await client.request({ method: "GET", path: "/", expect: "none" });
  await client.request({ ...post, anonymous: true });
  for (const next of [400, 429, 500]) {
    status = next;
    await caught(client.request(post));
  }
  expect(told).toEqual(["write", "applied", "read", "read", "write", "write", "write", "applied"]);
  let reached = false;
  const blocked = await peer((_, __, response) => {
    reached = true;
    response.end();
  });
  const keeps = clientAt(blocked, { onRequest: () => Promise.reject(new Error("the record failed")) });
  await expect(keeps.request(post)).rejects.toThrow("the record failed");
  expect(reached).toBe(false);
});

test("a dry run records requests without their secrets and makes none", async () => {
  let reached = 0;
  const url = await peer((_, __, response) => {
    reached += 1;
    response.end();
  });
  const records: RecordedRequest[] = [];
  const client = clientAt(url, { record: (request) => records.push(request), secrets: ["s3cret-key"] });
  const request: HttpRequest<null> & { expect: "none" } = {
    ...post,
    query: { key: "s3cret-key" },
    headers: { "x-key": "s3cret-key" },
  };
  expect(await client.request(request)).toEqual({ status: 200, headers: {}, body: null });
  expect(await client.request({ ...post, expect: "text" })).toMatchObject({ body: "" });
  expect(await client.request({ ...post, expect: z.object({ id: z.string().optional() }) })).toMatchObject({
    body: {},
  });
  await expect(client.request({ ...post, expect: z.object({ id: z.string() }) })).rejects.toThrow(DryRunEnds);
  await client.request({ method: "PUT", path: "/bytes", body: new TextEncoder().encode("bytes"), expect: "none" });
  expect(reached).toBe(0);
  expect(records[0]).toMatchObject({ method: "POST", url: `${url}/things?key=***`, body: '{"name":"Ann"}' });
  expect(records.at(-1)?.body).toBe("bytes");
  expect(JSON.stringify(records)).not.toContain("s3cret");
});

test("no secret and no value of a request gets into an error, whatever the platform answers", async () => {
  const text = fc.string({
    minLength: 8,
    maxLength: 24,
    unit: fc.constantFrom(..."abcdefghijkmnpqrstuvwxyzABCDEFGH23456789-_"),
  });
  let status = 200;
  const url = await peer((request, body, response) => {
    // A platform that repeats everything it was told.
    response
      .writeHead(status)
      .end(JSON.stringify({ message: `${request.url} ${JSON.stringify(request.headers)} ${body}` }));
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(302, 400, 401, 403, 404, 409, 422, 429, 500, 503),
      text,
      text,
      text,
      text,
      text,
      async (next, secret, header, path, query, value) => {
        status = next;
        const client = clientAt(url, {
          secrets: [secret],
          authenticate: async () => ({ headers: { authorization: `Bearer ${secret}` } }),
        });
        const request = {
          ...post,
          path: `/${path}`,
          query: { q: query },
          headers: { "x-h": header },
          json: { name: value },
        };
        const plain = await caught(client.request(request));
        const quoting = await caught(
          client.request({
            ...request,
            mapError: (_, body) => new QuotaExhausted(String(JSON.stringify(body)), { hint: `see ${secret}` }),
          }),
        );
        const shown = (error: MillraceError) =>
          `${error.stack} ${error.hint} ${JSON.stringify(error)} ${JSON.stringify(error.context)} ${error.cause}`;
        for (const one of [secret, header, path, query, value]) expect(shown(plain)).not.toContain(one);
        expect(quoting.message + quoting.hint).not.toContain(secret);
      },
    ),
    { numRuns: 60 },
  );
});

test("an answer of 200 counts as what its body says: the token is renewed, and a refusal is none that was applied", async () => {
  const tokens: string[] = [];
  let applied = 0;
  const url = await peer((request, _body, response) => {
    tokens.push(String(request.headers.authorization));
    const said = tokens.length === 1 ? { code: "602" } : tokens.length === 2 ? { ok: true } : { code: "606" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(said));
  });
  let signIns = 0;
  const http = clientAt(url, {
    authenticate: async () => ({ headers: { authorization: `Bearer ${++signIns}` } }),
    onApplied: () => {
      applied += 1;
    },
  });
  const statuses: Readonly<Record<string, number>> = { "602": 401, "606": 429 };
  const refusal = z.object({ code: z.string() });
  const bodyStatus = (body: unknown) => statuses[refusal.safeParse(body).data?.code ?? ""];
  await http.request({ ...post, bodyStatus });
  expect([tokens, applied]).toEqual([["Bearer 1", "Bearer 2"], 1]);
  expect((await caught(http.request({ ...post, bodyStatus }))).constructor.name).toBe("RateLimited");
  expect(applied).toBe(1);
});
