// A lab of its own for one run of the tier: fresh at the start, gone at the end. LAB_KEEP=1 leaves it, and LAB_REUSE=1 goes on with
// one that was left, and with the hosts that it has saved: for work on a test, since these may be of an earlier version.
import { testLab, testSuite } from "./site";

export async function setup(): Promise<void> {
  const lab = testLab();
  if (!process.env.LAB_REUSE) await lab.down();
  await lab.up(1, testSuite);
}

export async function teardown(): Promise<void> {
  if (!process.env.LAB_KEEP) await testLab().down();
}
