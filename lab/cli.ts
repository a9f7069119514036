import { spawn } from "node:child_process";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { ensureImage, ensureTools, forgetImages, SUITES, type Suite } from "./image/image";
import { Lab, MAX_HOSTS } from "./lab";
import { cacheDir } from "./paths";
import { step } from "./progress";
import { probeText, statusText } from "./tables";

const program = new Command("lab")
  .description("Debian hosts with Docker on a LAN of their own, as virtual machines without root")
  .enablePositionalOptions()
  .option("--lab <name>", "which lab; several run side by side", "default");

const lab = () => Lab.named(program.opts<{ lab: string }>().lab);
const suite = () => new Option("--suite <suite>", "Debian suite of the hosts (default: trixie)").choices(SUITES);

program
  .command("up")
  .description("start hosts lab1 to labN")
  .argument("[n]", "number of hosts", number(1, MAX_HOSTS), 1)
  .addOption(suite())
  .option("--cold", "boot instead of continuing from the booted state")
  .action(async (count: number, options: { suite?: Suite; cold?: boolean }) => {
    await lab().up(count, options.suite, options.cold);
    process.stderr.write(`up: try \`npm run lab -- ${labOption()}ssh lab1\`\n`);
  });

program
  .command("down")
  .description("stop and remove the lab; images stay")
  .action(() => lab().down());

program
  .command("ssh")
  .description("a shell or a command in a host; HOST is lab1, lab1-admin or lab1-plain")
  .argument("<host>")
  .argument("[command...]")
  .passThroughOptions()
  .action((host: string, command: string[]) => {
    const child = spawn("ssh", [host, ...command], { stdio: "inherit", env: lab().env() });
    child.on("close", (code) => (process.exitCode = code ?? 1));
  });

program
  .command("save")
  .description("save a host's memory and disk")
  .argument("<host>")
  .argument("<tag>")
  .action((host: string, tag: string) => step(`save ${host} ${tag}`, () => lab().host(host).save(tag)));

program
  .command("load")
  .description("go back to what was saved (each started host has `booted`)")
  .argument("<host>")
  .argument("<tag>")
  .action((host: string, tag: string) => step(`load ${host} ${tag}`, () => lab().host(host).load(tag)));

program
  .command("reboot")
  .description("reboot a host and wait until it has come up")
  .argument("<host>")
  .option("--nic-late <seconds>", "the LAN interface comes this long after the start of the boot", number(0, 3600))
  .option("--hard", "cut the power instead of shutting down")
  .action((host: string, options: { nicLate?: number; hard?: boolean }) => lab().host(host).reboot(options));

program
  .command("unplug")
  .description("take a host's LAN interface out of the machine")
  .argument("<host>")
  .action((host: string) => lab().host(host).machine.unplug());

program
  .command("plug")
  .description("put a host's LAN interface back in")
  .argument("<host>")
  .action((host: string) => lab().host(host).machine.plug());

program
  .command("cable")
  .description("the cable of a host's LAN interface: its carrier comes or goes")
  .argument("<host>")
  .addArgument(new Argument("<state>").choices(["up", "down"]))
  .action((host: string, state: string) =>
    lab()
      .host(host)
      .machine.cable(state === "up"),
  );

program
  .command("status")
  .description("what runs")
  .option("--json", "for programs")
  .action(async (options: { json?: boolean }) => {
    const status = await lab().status();
    process.stdout.write(options.json ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
  });

program
  .command("image")
  .description("build the host image of a suite, unless it is there")
  .addOption(suite())
  .option("--rebuild", "build it anew, with the mirror's present packages")
  .action(async (options: { suite?: Suite; rebuild?: boolean }) => {
    await ensureTools();
    if (options.rebuild) forgetImages(options.suite ?? "trixie", cacheDir());
    const image = await ensureImage(options.suite ?? "trixie", cacheDir());
    process.stdout.write(`${image.dir}: Docker ${image.docker}\n`);
  });

const lan = program.command("lan").description("the LAN, as another machine on it sees it");
lan
  .command("probe")
  .description("ask by ARP who has these addresses: every MAC that answers, from which port")
  .argument("<ip...>")
  .option("--json", "for programs")
  .action(async (ips: string[], options: { json?: boolean }) => {
    const found = await lab().lan.probe(ips);
    process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : probeText(found));
  });
lan
  .command("get")
  .description("fetch http://IP[:PORT]/PATH from the LAN")
  .argument("<url>")
  .action(async (url: string) => {
    const { hostname, port, pathname, search } = new URL(url);
    const answer = await lab().lan.http(hostname, Number(port || 80), pathname + search);
    process.stderr.write(`HTTP ${answer.status} from ${answer.mac}\n`);
    process.stdout.write(answer.body);
  });

program.parseAsync().catch((error: Error) => {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
});

function labOption(): string {
  const { lab: name } = program.opts<{ lab: string }>();
  return name === "default" ? "" : `--lab ${name} `;
}

/** Parser for a whole number within bounds. */
function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`a whole number from ${least} to ${most} is wanted.`);
    }
    return value;
  };
}
