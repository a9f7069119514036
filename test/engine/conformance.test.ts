// What this project relies on in the engine and in its two plugins, against whichever plugins are present: the official
// ones of $MACVLAN_PLUGINS, PATH or the plugin cache, else the lab's stand-ins. No host is contacted.
import { setTimeout as sleep } from "node:timers/promises";
import { local } from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RunError, type RunResult } from "../../lab/pulumi";
import { selectPlugins } from "../../lab/plugins/select";
import { bench, type Bench } from "./workbench";

let at: Bench;

beforeAll(() => console.log(`plugins under test: ${selectPlugins().what}`));
beforeEach(() => (at = bench()));
afterEach(() => at.dispose());

/** OP NAME of every resource of the program, in the order in which they ended (or began, in a preview). */
function opsOf(result: RunResult): string[] {
  const steps = result.ended.length > 0 ? result.ended : result.started;
  return steps.filter(({ type }) => !type.startsWith("pulumi:")).map(({ op, name }) => `${op} ${name}`);
}

describe("local.Command", () => {
  const note = (word: string): string => `echo ${word} $TAG >> "$JOURNAL"`;
  let args: local.CommandArgs;
  const program = (): Promise<object> => {
    const command = new local.Command("c", args, { deleteBeforeReplace: true });
    return Promise.resolve({ stdout: command.stdout, stderr: command.stderr });
  };

  beforeEach(() => {
    args = {
      create: note("create"),
      update: note("update"),
      delete: note("delete"),
      environment: { JOURNAL: at.journal, TAG: "one" },
      addPreviousOutputInEnv: false,
    };
  });

  test("create, nothing, update, replace, delete: each with the inputs of its time", async () => {
    const stack = await at.stack(program);
    const preview = await stack.preview();
    expect(opsOf(preview)).toEqual(["create c"]);
    expect(at.lines()).toEqual([]);
    await stack.up();
    expect(at.lines()).toEqual(["create one"]);

    expect(opsOf(await stack.up())).toEqual([]);
    expect(opsOf(await stack.preview())).toEqual([]);
    expect(at.lines()).toEqual(["create one"]);

    args.environment = { JOURNAL: at.journal, TAG: "two" };
    expect((await stack.preview()).started.find(({ name }) => name === "c")).toMatchObject({
      op: "update",
      diff: { "environment.TAG": "update" },
    });
    await stack.up();
    args.triggers = ["x"];
    await stack.up();
    args.environment = { JOURNAL: at.journal, TAG: "three" };
    args.triggers = ["y"];
    const replaced = await stack.preview();
    expect(opsOf(replaced)).toContain("replace c");
    await stack.up();
    // The delete of a replacement runs with the old environment, and before the create.
    const story = ["create one", "update two", "delete two", "create two", "delete two", "create three"];
    expect(at.lines()).toEqual(story);

    await stack.destroy();
    expect(at.lines()).toEqual([...story, "delete three"]);
  });

  test("a changed delete text alone runs the update; the new text runs at the delete", async () => {
    const stack = await at.stack(program);
    await stack.up();
    args.delete = note("remove");
    await stack.up();
    await stack.destroy();
    expect(at.lines()).toEqual(["create one", "update one", "remove one"]);
  });

  test("without an update text, a change runs create again", async () => {
    delete args.update;
    const stack = await at.stack(program);
    await stack.up();
    args.environment = { JOURNAL: at.journal, TAG: "two" };
    await stack.up();
    expect(at.lines()).toEqual(["create one", "create two"]);
  });

  test("a failed create leaves nothing recorded: it runs again, its delete never", async () => {
    args.create = `${note("create")}; echo out; echo the reason >&2; exit 3`;
    const stack = await at.stack(program);
    const failed = await stack.up({ mayFail: true });
    expect(failed.ok).toBe(false);
    expect(failed.ended.find(({ name }) => name === "c")).toMatchObject({ op: "create", failed: true });
    const message = failed.diagnostics.map(({ message }) => message).join("\n");
    expect(message).toMatch(/exit status 3: running /);
    expect(message).toMatch(/^out$/m);
    expect(message).toMatch(/^the reason$/m);
    expect(stack.state()).not.toContain("command:local:Command");
    await expect(stack.up()).rejects.toThrow(RunError);
    await stack.destroy();
    expect(at.lines()).toEqual(["create one", "create one"]);
  });

  test("a failed update keeps the old inputs: the same change is due again", async () => {
    const stack = await at.stack(program);
    await stack.up();
    args.environment = { JOURNAL: at.journal, TAG: "two" };
    args.update = `${note("update")}; exit 1`;
    expect((await stack.up({ mayFail: true })).ok).toBe(false);
    args.update = note("again");
    expect((await stack.preview()).started.find(({ name }) => name === "c")?.old).toMatchObject({
      environment: { TAG: "one" },
    });
    await stack.up();
    expect(at.lines()).toEqual(["create one", "update two", "again two"]);
  });

  test("environment, stdin, folder and interpreter reach the command; output comes back", async () => {
    args = {
      create: `printf '%s|%s|%s|' "$A" "$(cat)" "$PWD"; echo "\${0##*/}"; echo problem >&2`,
      environment: { A: "line 1\nline 2 'quoted' $HOME" },
      stdin: "from\nstdin\n",
      dir: at.folder,
      interpreter: ["/bin/sh", "-c"],
    };
    const stack = await at.stack(program);
    const { outputs } = await stack.up();
    expect(outputs.stdout).toBe(`line 1\nline 2 'quoted' $HOME|from\nstdin|${at.folder}|sh`);
    expect(outputs.stderr).toBe("problem");
  });

  test("output is passed on while the command runs, unless logging is off", async () => {
    const heard: string[] = [];
    args = { create: "echo loud; echo cry >&2", update: "echo silence", logging: "stdoutAndStderr" };
    const stack = await at.stack(program);
    const onDiagnostic = ({ message }: { message: string }): void => void heard.push(message.trim());
    await stack.up({ onDiagnostic });
    expect(heard).toContain("loud");
    expect(heard).toContain("cry");
    args.logging = "none";
    await stack.up({ onDiagnostic });
    expect(heard).not.toContain("silence");
  });

  test("the output of the run before is in the environment unless that is turned off", async () => {
    const show = `echo "[$PULUMI_COMMAND_STDOUT]"`;
    args = { create: "echo first", update: show, environment: { TAG: "1" } };
    const stack = await at.stack(program);
    await stack.up();
    args.environment = { TAG: "2" };
    expect((await stack.up()).outputs.stdout).toBe("[first]");
    args.addPreviousOutputInEnv = false;
    expect((await stack.up()).outputs.stdout).toBe("[]");
  });

  test("a secret on stdin: used, and nowhere in clear, neither in previews nor in the state", async () => {
    const secret = "tOp-SeCrEt-4711";
    args.stdin = pulumi.secret(secret);
    args.create = `n=$(cat | wc -c); echo "$n" >> "$JOURNAL"`;
    args.update = args.create;
    const stack = await at.stack(program);
    const shown = [await stack.preview(), await stack.up()];
    args.stdin = pulumi.secret(`${secret}x`);
    shown.push(await stack.preview(), await stack.up());
    expect(at.lines().map((line) => line.trim())).toEqual([`${secret.length}`, `${secret.length + 1}`]);
    expect(shown[2]?.output).toContain("stdin");
    for (const result of shown) expect(JSON.stringify(result)).not.toContain(secret);
    const state = stack.state();
    expect(state).toMatch(/"stdin":\s*\{[^}]*"ciphertext"/);
    expect(at.everything()).not.toContain(secret);
  });

  test("a secret in the environment hides its own value only", async () => {
    args.environment = { JOURNAL: at.journal, TAG: "plain-value", KEY: pulumi.secret("hidden-value") };
    const stack = await at.stack(program);
    const results = [await stack.preview(), await stack.up()];
    for (const result of results) expect(JSON.stringify(result)).not.toContain("hidden-value");
    expect(results[0]?.output).toContain("plain-value");
    expect(at.everything()).not.toContain("hidden-value");
  });

  test("text in the environment that does not begin like YAML is shown line by line", async () => {
    const files = (image: string): string =>
      `== compose.yaml\nservices:\n  a:\n    image: ${image}\n    restart: always\n`;
    args.environment = { JOURNAL: at.journal, FILES: files("a:1") };
    const stack = await at.stack(program);
    await stack.up();
    args.environment = { JOURNAL: at.journal, FILES: files("a:2") };
    const { output, started } = await stack.preview();
    expect(started.find(({ name }) => name === "c")?.diff).toEqual({ "environment.FILES": "update" });
    expect(output).toMatch(/- +image: a:1/);
    expect(output).toMatch(/\+ +image: a:2/);
    expect(output).not.toMatch(/[-+] +restart: always/);
  });

  test("128 KiB less a little in one variable, and more than that on stdin", async () => {
    args = {
      create: `printf %s "$BIG" | wc -c; wc -c`,
      environment: { BIG: "x".repeat(127 * 1024) },
      stdin: "y".repeat(5 * 1024 * 1024),
      logging: "none",
    };
    const { outputs } = await (await at.stack(program)).up();
    expect(String(outputs.stdout).split(/\s+/).filter(Boolean)).toEqual([`${127 * 1024}`, `${5 * 1024 * 1024}`]);
  });

  test("ignoreChanges of one path in the environment: that path alone", async () => {
    let ignored = true;
    const stack = await at.stack(() => {
      const opts = ignored ? { ignoreChanges: ["environment.REPAIR"] } : {};
      new local.Command("c", args, opts);
      return Promise.resolve();
    });
    const environment = { JOURNAL: at.journal, TAG: "one" };
    args.environment = environment;
    await stack.up();
    // Drift seen: a reason, and the update that repairs.
    ignored = false;
    args.environment = { ...environment, REPAIR: "lan0 is missing" };
    expect((await stack.preview()).started.find(({ name }) => name === "c")?.diff).toEqual({
      "environment.REPAIR": "add",
    });
    await stack.up();
    // Drift gone: the reason stays in the state, without a difference.
    ignored = true;
    args.environment = environment;
    expect(opsOf(await stack.preview())).toEqual([]);
    expect(opsOf(await stack.up())).toEqual([]);
    // All else still counts.
    args.environment = { ...environment, TAG: "two" };
    expect((await stack.preview()).started.find(({ name }) => name === "c")?.diff).toEqual({
      "environment.TAG": "update",
    });
    await stack.up();
    expect(at.lines()).toEqual(["create one", "update one", "update two"]);
  });

  test("what depends on an output that a change makes unknown is not computed in the preview", async () => {
    args = { create: "echo $TAG", environment: { TAG: "one" } };
    const stack = await at.stack(() => {
      const first = new local.Command("first", args);
      new local.Command("second", { create: "cat", stdin: first.stdout });
      return Promise.resolve();
    });
    await stack.up();
    args.environment = { TAG: "two" };
    expect(opsOf(await stack.preview())).toEqual(["update first", "update second"]);
  });

  test("wrong types are refused before anything runs", async () => {
    args.environment = { TAG: 5 as unknown as string, LIST: ["a"] as unknown as string };
    const failed = await (await at.stack(program)).up({ mayFail: true });
    expect(failed.ok).toBe(false);
    expect(at.lines()).toEqual([]);
  });

  test("a refresh contacts nothing and changes nothing", async () => {
    const stack = await at.stack(program);
    await stack.up();
    await stack.refresh();
    expect(at.lines()).toEqual(["create one"]);
    expect(opsOf(await stack.preview())).toEqual([]);
  });

  test("local.run runs at every preview and update, and fails as a command does", async () => {
    let command = `echo ran >> ${at.journal}; printf 'value %s' "$A"`;
    const stack = await at.stack(async () => {
      const { stdout } = await local.run({ command, environment: { A: "b" } });
      return { stdout };
    });
    await stack.preview();
    expect((await stack.up()).outputs.stdout).toBe("value b");
    expect(at.lines().length).toBeGreaterThanOrEqual(2);
    command = "echo no such luck >&2; exit 4";
    const failed = await stack.up({ mayFail: true });
    expect(failed.diagnostics.map(({ message }) => message).join("\n")).toMatch(/exit status 4[\s\S]*no such luck/);
  });
});

describe("a killed engine", () => {
  test("leaves a lock and a pending create; both are cleared without a refresh", async () => {
    let create = `echo begun >> ${at.journal}; sleep 30`;
    const stack = await at.stack(() => {
      new local.Command("c", { create });
      return Promise.resolve();
    });
    const doomed = stack.up({ mayFail: true });
    while (at.lines().length === 0) await sleep(50);
    expect(stack.kill()).toBe(true);
    expect((await doomed).ok).toBe(false);
    const found = await stack.recover();
    expect(found.join("\n")).toMatch(/lock of dev removed[\s\S]*create of c cleared/);
    create = "true";
    expect(opsOf(await stack.up())).toEqual(["create c"]);
    expect(await stack.recover()).toEqual([]);
    const { diagnostics } = await stack.preview();
    expect(diagnostics.map(({ message }) => message).join()).not.toMatch(/pending|interrupted/);
  });
});

describe("docker.Network", () => {
  const block = {
    subnet: "192.168.76.0/24",
    gateway: "192.168.76.1",
    ipRange: "192.168.76.32/27",
    auxAddress: { host: "192.168.76.9" },
  };
  let host: string;
  let args: docker.NetworkArgs;
  let opts: pulumi.CustomResourceOptions;
  const make = (): docker.Network => {
    const provider = new docker.Provider("host", {
      host: `ssh://${host}`,
      sshOpts: ["-oControlMaster=no"],
      disableDockerDaemonCheck: true,
    });
    return new docker.Network("lan", args, { provider, deleteBeforeReplace: true, ...opts });
  };
  const program = (): Promise<object> => Promise.resolve({ id: make().id });
  const networkStep = ({ started }: RunResult): RunResult["started"][number] | undefined =>
    started.find(({ name, op }) => name === "lan" && op === "replace");

  beforeEach(() => {
    host = "root@gw1:2222";
    opts = {};
    args = {
      name: "lan",
      driver: "macvlan",
      options: { parent: "lan0", macvlan_mode: "bridge" },
      labels: [{ label: "pulumi-macvlan.managed", value: "true" }],
      ipamConfigs: [block],
    };
  });

  test("create says to the daemon what the program says, over ssh", async () => {
    const stack = await at.stack(program);
    const { outputs } = await stack.up();
    const [network] = at.docker().networks;
    expect(outputs.id).toBe(network?.Id);
    expect(network).toMatchObject({
      Name: "lan",
      Driver: "macvlan",
      Options: { parent: "lan0", macvlan_mode: "bridge" },
      Labels: { "pulumi-macvlan.managed": "true" },
      IPAM: {
        Driver: "default",
        Config: [
          {
            Subnet: block.subnet,
            Gateway: block.gateway,
            IPRange: block.ipRange,
            AuxiliaryAddresses: block.auxAddress,
          },
        ],
      },
    });
    for (const call of at.sshCalls()) {
      expect(call.join(" ")).toMatch(/^-l root -p 2222 -oControlMaster=no .*-- gw1 docker system dial-stdio$/);
    }
    expect(opsOf(await stack.up())).toEqual([]);
    expect(opsOf(await stack.preview())).toEqual([]);
  });

  test("a preview contacts nothing, not even when the host cannot be reached", async () => {
    host = "unreachable";
    const stack = await at.stack(program);
    expect(opsOf(await stack.preview())).toEqual(["create lan"]);
    host = "gw1";
    await stack.up();
    at.sshCalls();
    host = "unreachable";
    args.ipamConfigs = [{ ...block, ipRange: "192.168.76.64/27" }];
    const preview = await stack.preview();
    // Another address of the provider does not replace what it made.
    expect(opsOf(preview)).toContain("replace lan");
    expect(networkStep(preview)?.diff).toEqual({ ipamConfigs: "update-replace" });
    expect(preview.output).toMatch(/192\.168\.76\.32\/27" => "192\.168\.76\.64\/27/);
    expect(at.sshCalls()).toEqual([]);
  });

  test("an unreachable host fails the update with ssh's own reason, and records nothing", async () => {
    host = "unreachable";
    const stack = await at.stack(program);
    const failed = await stack.up({ mayFail: true });
    expect(failed.ok).toBe(false);
    expect(failed.diagnostics.map(({ message }) => message).join("\n")).toContain("No route to host");
    expect(stack.state()).not.toContain("docker:index/network:Network");
  });

  test("what the daemon refuses fails with its reason", async () => {
    at.tamper((state) => state.networks.push({ ...fakeNetwork, Id: "f".repeat(64) }));
    const failed = await (await at.stack(program)).up({ mayFail: true });
    expect(failed.diagnostics.map(({ message }) => message).join("\n")).toContain(
      "network with name lan already exists",
    );
  });

  test.each<[string, () => void, object]>([
    ["driver", () => (args.driver = "ipvlan"), { driver: "update-replace" }],
    [
      "parent",
      () => (args.options = { parent: "lan1", macvlan_mode: "bridge" }),
      { "options.parent": "update-replace" },
    ],
    [
      "labels",
      () => (args.labels = [{ label: "pulumi-macvlan.managed", value: "no" }]),
      { "labels[0].value": "update-replace" },
    ],
    [
      "gateway",
      () => (args.ipamConfigs = [{ ...block, gateway: "192.168.76.254" }]),
      { ipamConfigs: "update-replace" },
    ],
    [
      "reserved address",
      () => (args.ipamConfigs = [{ ...block, auxAddress: undefined }]),
      { "ipamConfigs[0].auxAddress": "delete-replace" },
    ],
    ["name", () => (args.name = "lan2"), { name: "update-replace" }],
  ])("any change replaces: %s", async (_, change, expected) => {
    const stack = await at.stack(program);
    await stack.up();
    change();
    const preview = await stack.preview();
    expect(opsOf(preview)).toEqual(["delete-replaced lan", "replace lan", "create-replacement lan"]);
    expect(networkStep(preview)?.diff).toEqual(expected);
  });

  test("what the daemon filled in is no difference", async () => {
    args = { name: "plain" };
    const stack = await at.stack(program);
    await stack.up();
    expect(opsOf(await stack.up())).toEqual([]);
    expect(opsOf(await stack.preview({ refresh: true }))).toEqual([]);
  });

  test("a replaced network takes its dependants down first and brings them back last", async () => {
    const stack = await at.stack(() => {
      const network = make();
      for (const name of ["one", "two"]) {
        const note = (word: string): string => `echo ${word} ${name} >> ${at.journal}`;
        new local.Command(
          name,
          { create: note("up"), delete: note("down"), triggers: [network.id] },
          { deleteBeforeReplace: true },
        );
      }
      return Promise.resolve();
    });
    await stack.up();
    at.tamper((state) => (state.requests = []));
    args.ipamConfigs = [{ ...block, ipRange: "192.168.76.64/27" }];

    const preview = await stack.preview();
    expect(opsOf(preview).filter((op) => op.startsWith("replace"))).toEqual(
      expect.arrayContaining(["replace one", "replace two", "replace lan"]),
    );
    const ops = opsOf(await stack.up());
    const place = (op: string): number => {
      expect(ops).toContain(op);
      return ops.indexOf(op);
    };
    for (const name of ["one", "two"]) {
      expect(place(`delete-replaced ${name}`)).toBeLessThan(place("delete-replaced lan"));
      expect(place("create-replacement lan")).toBeLessThan(place(`create-replacement ${name}`));
    }
    expect(place("delete-replaced lan")).toBeLessThan(place("create-replacement lan"));
    expect(at.lines().slice(2, 4).sort()).toEqual(["down one", "down two"]);
    expect(at.lines().slice(4).sort()).toEqual(["up one", "up two"]);
    expect(at.docker().networks).toHaveLength(1);
    expect(opsOf(await stack.up())).toEqual([]);
  });

  test("a delete waits for containers that are still leaving", async () => {
    const stack = await at.stack(program);
    await stack.up();
    at.tamper((state) => (state.busyDeletes = 1));
    await stack.destroy();
    expect(at.docker().networks).toEqual([]);
  });

  test("a network that is gone is deleted without an error", async () => {
    const stack = await at.stack(program);
    await stack.up();
    at.tamper((state) => (state.networks = []));
    await stack.destroy();
    expect(stack.state()).not.toContain("docker:index/network:Network");
  });

  test("a network is adopted by its id: one look at the daemon, then none; a second time it costs nothing", async () => {
    at.tamper((state) => state.networks.push(fakeNetwork));
    opts.import = fakeNetwork.Id;
    const stack = await at.stack(program);
    expect(opsOf(await stack.preview())).toEqual(["import lan"]);
    expect(at.sshCalls()).toHaveLength(1);
    const result = await stack.up();
    expect(opsOf(result)).toEqual(["import lan"]);
    expect(result.outputs.id).toBe(fakeNetwork.Id);
    expect(at.docker().requests.filter((request) => /^(POST|DELETE)/.test(request))).toEqual([]);
    at.sshCalls();
    expect(opsOf(await stack.preview())).toEqual([]);
    opts = {};
    expect(opsOf(await stack.preview())).toEqual([]);
    expect(at.sshCalls()).toEqual([]);
  });

  test("a network made anew by hand is adopted under its new id, nothing deleted", async () => {
    const stack = await at.stack(program);
    await stack.up();
    at.tamper((state) => {
      state.networks = [fakeNetwork];
      state.requests = [];
    });
    opts.import = fakeNetwork.Id;
    const result = await stack.up();
    expect(result.outputs.id).toBe(fakeNetwork.Id);
    expect(at.docker().networks.map(({ Id }) => Id)).toEqual([fakeNetwork.Id]);
    expect(at.docker().requests.filter((request) => request.startsWith("POST"))).toEqual([]);
  });

  test("an id that does not exist cannot be adopted", async () => {
    opts.import = "0".repeat(64);
    const failed = await (await at.stack(program)).preview({ mayFail: true });
    expect(failed.diagnostics.map(({ message }) => message).join("\n")).toMatch(/does not exist/);
  });

  test("a refresh sees what changed, and drops what is gone", async () => {
    const stack = await at.stack(program);
    await stack.up();
    at.tamper((state) => state.networks.forEach((network) => (network.Options = { parent: "eth9" })));
    expect(opsOf(await stack.preview({ refresh: true }))).toContain("replace lan");
    at.tamper((state) => (state.networks = []));
    await stack.refresh();
    expect(stack.state()).not.toContain("docker:index/network:Network");
  });

  test("getNetwork tells what is there", async () => {
    at.tamper((state) => state.networks.push(fakeNetwork));
    const stack = await at.stack(async () => {
      const provider = new docker.Provider("host", { host: "ssh://gw1", disableDockerDaemonCheck: true });
      const found = await docker.getNetwork({ name: "lan" }, { provider, async: true });
      return { id: found.id, driver: found.driver, options: found.options, ipam: found.ipamConfigs };
    });
    const { outputs } = await stack.up();
    expect(outputs).toMatchObject({ id: fakeNetwork.Id, driver: "macvlan", options: { parent: "lan0" } });
    expect(outputs.ipam).toEqual([expect.objectContaining({ subnet: block.subnet, gateway: block.gateway })]);
  });

  const fakeNetwork = {
    Id: "a".repeat(64),
    Name: "lan",
    Driver: "macvlan",
    Scope: "local",
    Created: "2026-01-01T00:00:00Z",
    ...{ EnableIPv6: false, Internal: false, Attachable: false, Ingress: false },
    IPAM: {
      Driver: "default",
      Options: null,
      Config: [
        { Subnet: block.subnet, Gateway: block.gateway, IPRange: block.ipRange, AuxiliaryAddresses: block.auxAddress },
      ],
    },
    Options: { parent: "lan0", macvlan_mode: "bridge" },
    Labels: { "pulumi-macvlan.managed": "true" },
    Containers: {},
  };
});
