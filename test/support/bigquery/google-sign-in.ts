import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

export interface GoogleSignIn {
  /** Of `GOOGLE_APPLICATION_CREDENTIALS`. */
  readonly file: string;
  /** What each exchange asked for: the subject's token as it was given. */
  readonly exchanged: string[];
  stop(): Promise<void>;
}

/**
 * Application default credentials of a workload identity pool, whose tokens a server on loopback exchanges.
 * https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 */
export async function startGoogleSignIn(dir: string): Promise<GoogleSignIn> {
  const exchanged: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    let body = "";
    for await (const chunk of incoming) body += String(chunk);
    exchanged.push(new URLSearchParams(body).get("subject_token") ?? "");
    outgoing.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({
        access_token: randomUUID(),
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 3_600,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const subject = join(dir, "subject-token");
  writeFileSync(subject, "who-asks");
  const file = join(dir, "application-default-credentials.json");
  const credentials = {
    type: "external_account",
    audience: "//iam.googleapis.com/locations/global/workforcePools/shop/providers/tests",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `http://127.0.0.1:${address.port}/v1/token`,
    credential_source: { file: subject },
  };
  writeFileSync(file, JSON.stringify(credentials));
  return {
    file,
    exchanged,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
