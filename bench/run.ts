// npm run bench -- WHAT [SIZE…]
import { benchHost } from "./host";
import { benchInventory } from "./inventory";

const benches: Record<string, (sizes?: readonly number[]) => void | Promise<void>> = {
  validate: benchInventory,
  host: benchHost,
};

const [what = "", ...sizes] = process.argv.slice(2);
const bench = benches[what];
if (bench === undefined || sizes.some((size) => !/^[1-9]\d{0,4}$/.test(size))) {
  console.error(`npm run bench -- ${Object.keys(benches).join("|")} [SIZE…]`);
  process.exit(2);
}
void bench(sizes.length > 0 ? sizes.map(Number) : undefined);
