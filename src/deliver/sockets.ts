import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Node's servers close idle connections after 5 s, many others later: hang up first, so that no request meets a closing one. */
const idleMs = 4_000;

/** Keep-alive connections of one account. Remembers which sockets never got as far as carrying a request. */
export class Sockets {
  readonly http: http.Agent;
  readonly https: https.Agent;
  readonly #connecting = new WeakSet<object>();

  constructor() {
    const options = { keepAlive: true, maxFreeSockets: 64, timeout: idleMs };
    const watch = (socket: Duplex | null | undefined, connected: "connect" | "secureConnect") => {
      if (socket === null || socket === undefined) return socket;
      this.#connecting.add(socket);
      socket.once(connected, () => this.#connecting.delete(socket));
      return socket;
    };
    this.http = new (class extends http.Agent {
      override createConnection(
        to: http.ClientRequestArgs,
        callback?: (err: Error | null, stream: Duplex) => void,
      ): Duplex | null | undefined {
        return watch(super.createConnection(to, callback), "connect");
      }
    })(options);
    this.https = new (class extends https.Agent {
      override createConnection(
        to: https.RequestOptions,
        callback?: (err: Error | null, stream: Duplex) => void,
      ): Duplex | null | undefined {
        return watch(super.createConnection(to, callback), "secureConnect");
      }
    })(options);
  }

  /** true: the connection (with TLS, where there is one) never stood, so not a byte of the request was read. */
  neverConnected(socket: Socket | null | undefined): boolean {
    return socket !== null && socket !== undefined && this.#connecting.has(socket);
  }

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }
}
