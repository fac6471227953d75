import { systemClock } from "../../../src/core/clock.ts";
import { type LabEngine, useLabEngine } from "../lab-engine.ts";
import { type Peer, startPeer } from "./peer.ts";

/** Every LedgerLab of this test file gets a BigQuery emulator of its own. */
export function labsOnBigQuery(): void {
  const peers = new Map<string, Peer>();
  const engine: LabEngine = {
    async open(dir, dialect) {
      const peer = peers.get(dir) ?? (await startPeer());
      peers.set(dir, peer);
      return peer.open({ clock: systemClock, ...(dialect && { dialect }) });
    },
    async remove(dir) {
      await peers.get(dir)?.stop();
      peers.delete(dir);
    },
  };
  useLabEngine(engine);
}
