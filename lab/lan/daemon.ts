/** The lab's LAN as a process of its own: `daemon.ts DIR PORTS`. Hosts plug into DIR/labN/port.sock, commands go to DIR/lan.sock. */
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { hostName } from "../vm/arguments";
import { lanMethods } from "./methods";
import { serve } from "./rpc";
import { frameReader, framed, Switch } from "./switch";

/** Bytes that may wait for a host that does not take its frames (one that is paused); more are dropped, as on a real wire. */
const BACKLOG = 1 << 20;

const [dir, count] = process.argv.slice(2);
if (!dir || !count) throw new Error("usage: daemon.ts DIR PORTS");

const lan = new Switch();

/** A host's port: one machine at a time; a new connection takes the place of the old one. */
function openPort(name: string): void {
  let wire: net.Socket | undefined;
  lan.addPort(name, (frame) => {
    if (!wire?.writable || wire.writableLength > BACKLOG) return false;
    wire.write(framed(frame));
    return true;
  });
  const socketPath = path.join(dir!, name, "port.sock");
  fs.mkdirSync(path.dirname(socketPath), { recursive: true });
  fs.rmSync(socketPath, { force: true });
  net
    .createServer((socket) => {
      wire?.destroy();
      wire = socket;
      lan.forget(name);
      const read = frameReader((frame) => lan.receive(name, frame));
      socket.on("data", read).on("error", () => undefined);
    })
    .listen(socketPath);
}

for (let number = 1; number <= Number(count); number++) openPort(hostName(number));

const control = path.join(dir, "lan.sock");
fs.rmSync(control, { force: true });
serve(control, lanMethods(lan));
fs.writeFileSync(path.join(dir, "lan.pid"), `${process.pid}\n`);
