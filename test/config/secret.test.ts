import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { check, openProject } from "../../src/config/check.ts";
import { envFrom } from "../../src/config/env.ts";
import { absolutePaths, secretValues } from "../../src/config/marked-values.ts";
import { connectors } from "./fake-connectors.ts";
import { changed, type Files, tempProject } from "./temp-project.ts";

const withKey = (reference: string, more: Files = {}) => changed("millrace.yml", "top-secret-2", reference, more);
const resolve = (files: Files) =>
  openProject({ dir: tempProject(files), env: undefined, connectors, variables: envFrom({}) }).resolveAccount(
    "newsletter",
  );

describe("a secret kept elsewhere", () => {
  it("is read from a file, relative to the project, without its last line break", async () => {
    const { account, secrets } = await resolve(withKey("{ file: ./keys/k }", { "keys/k": "from-a-file\n" }));
    expect(account).toEqual({ api_key: "from-a-file" });
    expect(secrets).toEqual(["from-a-file"]);
  });

  it("is what a command prints, run in the project without a shell", async () => {
    const print = `{ command: ["${process.execPath}", -e, "process.stdout.write(process.argv[1] + process.cwd().length)", "$HOME;"] }`;
    const { account } = await resolve(withKey(print));
    expect(account).toEqual({ api_key: expect.stringMatching(/^\$HOME;\d+$/) });
  });

  it("names place and cause, and never the output, when it cannot be had", async () => {
    await expect(resolve(withKey("{ file: ./nowhere }"))).rejects.toMatchObject({
      exitCode: 2,
      message: "millrace.yml:15: the secret's file ./nowhere cannot be read",
    });
    await expect(resolve(withKey("{ file: ./k }", { k: "\n" }))).rejects.toThrow("is empty");
    await expect(resolve(withKey("{ command: [no-such-program-at-all] }"))).rejects.toThrow("is not installed here");
    const failing = `{ command: ["${process.execPath}", -e, "console.log('hunter2'); process.exit(3)"] }`;
    const error = await resolve(withKey(failing)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ message: expect.stringContaining("failed (exit 3)"), cause: undefined });
  });

  it("is not read where the sandbox takes the platform's place", async () => {
    const dir = tempProject(withKey("{ file: ./nowhere }"));
    const project = openProject({ dir, env: undefined, connectors, variables: envFrom({}) });
    const { account } = await project.resolveAccount("newsletter", { unset: "sandbox" });
    expect(account).toEqual({ api_key: "sandbox" });
  });

  it("is not read by check", () => {
    const dir = tempProject(
      withKey(`{ command: ["${process.execPath}", -e, "require('fs').writeFileSync('ran', '')"] }`),
    );
    expect(check({ dir, env: undefined, connectors, variables: envFrom({}) })).toEqual([]);
    const missing = tempProject(withKey("{ file: ./nowhere }"));
    expect(check({ dir: missing, env: undefined, connectors, variables: envFrom({}) })).toEqual([]);
  });
});

describe("values that a connector's schema marks", () => {
  const secret = z.string().meta({ secret: true });
  const schema = z.strictObject({
    user: z.string(),
    password: secret.optional(),
    short: secret.optional(),
    auth: z
      .discriminatedUnion("type", [
        z.strictObject({ type: z.literal("bearer"), token: secret }),
        z.strictObject({ type: z.literal("none") }),
      ])
      .optional(),
    headers: z.record(z.string(), z.string()).meta({ secret: true }).default({}),
    folders: z.array(z.string().meta({ path: true })).optional(),
  });

  it("are found as secrets through wrappers, unions and records", () => {
    const account = {
      user: "ann-the-user",
      password: "pass-1",
      short: "abc",
      auth: { type: "bearer", token: "token-1" },
      headers: { authorization: "header-1" },
    };
    expect(secretValues(account, schema)).toEqual(["pass-1", "token-1", "header-1"]);
  });

  it("are made absolute where they are paths", () => {
    const account = { user: "./u", folders: ["./a", "/b"] };
    expect(absolutePaths(account, schema, "/project")).toEqual({ user: "./u", folders: [join("/project", "a"), "/b"] });
  });
});
