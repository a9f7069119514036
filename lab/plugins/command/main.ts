import { serve } from "../rpc/server";
import { localCommand, localRun } from "./command";

serve({
  name: "command",
  version: "1.2.1+lab.stand-in",
  resources: { "command:local:Command": localCommand },
  functions: { "command:local:run": localRun },
  checkConfig: (news) => news,
  configure: () => undefined,
  acceptSecrets: true,
});
