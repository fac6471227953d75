import { expect, test } from "vitest";
import { Interrupted } from "../../src/core/errors.ts";
import { Accounts } from "../../src/deliver/accounts.ts";
import { AuthCache } from "../../src/deliver/auth-cache.ts";
import { skippingClock, testConnector, testTarget } from "./rig.ts";

const connector = testConnector({ target: testTarget({ send: async () => ({ state: "done", rows: [] }) }) });
const { signal } = new AbortController();

test("everybody of one platform organisation shares a limiter, whatever the credentials", () => {
  const accounts = new Accounts({ clock: skippingClock() });
  const first = accounts.open(connector, { key: "a" }, []);
  expect(accounts.open(connector, { key: "b" }, []).limiter).toBe(first.limiter);
  expect(accounts.open({ ...connector, accountKey: () => "another" }, { key: "a" }, []).limiter).not.toBe(
    first.limiter,
  );
  expect(accounts.open({ ...connector, id: "other" }, { key: "a" }, []).limiter).not.toBe(first.limiter);
});

test("a resource is opened once per set of credentials, however many ask, and closed with the accounts", async () => {
  const accounts = new Accounts({ clock: skippingClock() });
  const log: string[] = [];
  const pool = (name: string) => async () => {
    log.push(`open ${name}`);
    return { value: name, close: async () => void log.push(`close ${name}`) };
  };
  const a = accounts.open(connector, { key: "a" }, []).ctx({ signal });
  const sameAsA = accounts.open(connector, { key: "a" }, []).ctx({ signal });
  const b = accounts.open(connector, { key: "b" }, []).ctx({ signal });
  const values = await Promise.all([
    a.resource("pool", pool("a")),
    sameAsA.resource("pool", pool("again")),
    b.resource("pool", pool("b")),
  ]);
  expect(values).toEqual(["a", "a", "b"]);
  await expect(a.resource("broken", () => Promise.reject(new Error("no server")))).rejects.toThrow("no server");
  expect(await a.resource("broken", pool("mended"))).toBe("mended");
  await accounts.close();
  expect(log.sort()).toEqual(["close a", "close b", "close mended", "open a", "open b", "open mended"]);
});

test("a resource that cannot be closed is reported after the others were closed", async () => {
  const accounts = new Accounts({ clock: skippingClock() });
  const { resource } = accounts.open(connector, {}, []).ctx({ signal });
  let closed = false;
  await resource("bad", async () => ({ value: 1, close: () => Promise.reject(new Error("stuck")) }));
  await resource("good", async () => ({
    value: 2,
    close: async () => {
      closed = true;
    },
  }));
  await expect(accounts.close()).rejects.toThrow("stuck");
  expect(closed).toBe(true);
});

test("a sign-in that another run's stop broke off is begun again by whoever still wants it", async () => {
  const cache = new AuthCache();
  const stopped = new Interrupted("stopped", { hint: "" });
  let begun = 0;
  const first = cache.get(async () => {
    begun += 1;
    await Promise.resolve();
    throw stopped;
  }, signal);
  const second = cache.get(async () => {
    begun += 1;
    return { headers: { authorization: "x" } };
  }, signal);
  await expect(first).rejects.toBe(stopped);
  expect(await second).toEqual({ headers: { authorization: "x" } });
  expect(begun).toBe(2);
});

test("a failed sign-in is not remembered, and is everybody's who waited for it", async () => {
  const cache = new AuthCache();
  const fails = () => Promise.reject(new Error("wrong password"));
  const works = async () => ({ headers: {} });
  const [first, second] = await Promise.allSettled([cache.get(fails, signal), cache.get(works, signal)]);
  expect([first?.status, second?.status]).toEqual(["rejected", "rejected"]);
  expect(await cache.get(works, signal)).toEqual({ headers: {} });
});
