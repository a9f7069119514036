// Starts one of the stand-in plugins: start.mjs NAME ENGINE-ADDRESS. The engine starts it in the program's folder, so that
// everything is found from this file and not from there.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
// A tsconfig.json of the program's folder is none of our business.
process.env.TSX_TSCONFIG_PATH = new URL("../../tsconfig.json", import.meta.url).pathname;
require("tsx/cjs");
delete process.env.TSX_TSCONFIG_PATH;
require(`./${process.argv[2]}/main.ts`);
