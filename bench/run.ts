// npm run bench -- WHAT [SIZE…]
import { benchHost } from "./host";
import { benchInventory } from "./inventory";
import { benchReach } from "./reach";

const benches: Record<string, (sizes?: readonly number[], peer?: string) => void | Promise<void>> = {
  validate: benchInventory,
  host: benchHost,
  reach: benchReach,
};

const [what = "", ...given] = process.argv.slice(2);
const bench = benches[what];
const peer = what === "reach" && given[0] === "--peer" && given.length > 1 ? given.splice(0, 2)[1] : undefined;
if (bench === undefined || given.some((size) => !/^[1-9]\d{0,4}$/.test(size))) {
  console.error("npm run bench -- validate|host [SIZE…], or: reach [--peer FOLDER] [TIMES]");
  process.exit(2);
}
void bench(given.length > 0 ? given.map(Number) : undefined, peer);
