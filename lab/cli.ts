import { spawn } from "node:child_process";
import { Command, Option, InvalidArgumentError } from "commander";
import { SUITES, type Suite } from "./image/image";
import { Lab, MAX_HOSTS } from "./lab";
import { step } from "./progress";

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
