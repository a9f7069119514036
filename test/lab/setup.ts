// A lab of its own for one run of the tier: fresh at the start, gone at the end.
import { testLab, testSuite } from "./site";

export async function setup(): Promise<void> {
  const lab = testLab();
  await lab.down();
  await lab.up(1, testSuite);
}

export async function teardown(): Promise<void> {
  if (!process.env.LAB_KEEP) await testLab().down();
}
