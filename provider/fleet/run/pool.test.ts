import { expect, it } from "vitest";
import { pool } from "./pool";

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

it("has so many at once, and does each once", async () => {
  const done: number[] = [];
  let [now, most] = [0, 0];
  await pool([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++now);
    await tick();
    now -= 1;
    done.push(item);
  });
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

it("begins nothing after its end, and waits for what was begun", async () => {
  const done: number[] = [];
  await pool(
    [1, 2, 3, 4, 5],
    2,
    async (item) => {
      await tick();
      done.push(item);
    },
    () => done.length > 0,
  );
  expect(done.sort()).toEqual([1, 2]);
});

it("nothing to do", () => expect(pool([], 4, () => Promise.reject(new Error("no")))).resolves.toBeUndefined());
