import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TcpFlag } from "./frame";
import { TcpExchange, type Segment } from "./tcp";

const { Syn, Ack, Fin, Rst, Psh } = TcpFlag;
const NONE = Buffer.alloc(0);

/** A client that begins at `first`, and what it sent. */
function client(first = 1000, request = "GET", complete?: (answer: Buffer) => boolean) {
  const sent: Segment[] = [];
  const exchange = new TcpExchange(first, Buffer.from(request), (segment) => sent.push(segment), complete);
  exchange.tick();
  return { exchange, sent };
}

const segment = (flags: number, sequence: number, acknowledgement: number, data: Buffer = NONE): Segment => ({
  ...{ flags, sequence: sequence >>> 0, acknowledgement: acknowledgement >>> 0, window: 1000, data },
});

describe("TcpExchange", () => {
  test("connects, asks, takes the answer and closes", () => {
    const { exchange, sent } = client();
    expect(sent.at(-1)).toMatchObject({ flags: Syn, sequence: 1000 });
    exchange.receive(segment(Syn | Ack, 5000, 1001));
    expect(sent.at(-1)).toMatchObject({
      flags: Ack | Psh,
      sequence: 1001,
      acknowledgement: 5001,
      data: Buffer.from("GET"),
    });
    exchange.receive(segment(Ack, 5001, 1004, Buffer.from("hello ")));
    expect(sent.at(-1)).toMatchObject({ flags: Ack, sequence: 1004, acknowledgement: 5007 });
    exchange.receive(segment(Ack | Fin, 5007, 1004, Buffer.from("world")));
    expect(sent.at(-1)).toMatchObject({ flags: Ack | Fin, sequence: 1004, acknowledgement: 5013 });
    expect([exchange.finished, exchange.error, exchange.answer.toString()]).toEqual([true, undefined, "hello world"]);
  });

  test("repeats what got lost, and only that", () => {
    const { exchange, sent } = client();
    exchange.tick();
    expect(sent.map(({ flags }) => flags)).toEqual([Syn, Syn]);
    exchange.receive(segment(Syn | Ack, 5000, 1001));
    exchange.tick();
    expect(sent.slice(2).map(({ data }) => data.toString())).toEqual(["GET", "GET"]);
    exchange.receive(segment(Ack, 5001, 1004));
    const before = sent.length;
    exchange.tick();
    expect(sent.length).toBe(before);
  });

  test("a port that nobody listens on", () => {
    const { exchange } = client();
    exchange.receive(segment(Rst | Ack, 0, 1001));
    expect([exchange.finished, exchange.error]).toEqual([true, "connection refused"]);
  });

  test("a stray reset of another connection is passed over", () => {
    const { exchange } = client();
    exchange.receive(segment(Rst | Ack, 0, 77));
    exchange.receive(segment(Syn | Ack, 5000, 1001));
    exchange.receive(segment(Rst, 9999, 0));
    expect(exchange.finished).toBe(false);
    exchange.receive(segment(Rst, 5001, 0));
    expect(exchange.error).toBe("connection reset");
  });

  test("ends by content where the server keeps the connection open", () => {
    const { exchange, sent } = client(1000, "GET", (answer) => answer.length === 5);
    exchange.receive(segment(Syn | Ack, 5000, 1001));
    exchange.receive(segment(Ack, 5001, 1004, Buffer.from("hello")));
    expect(exchange.finished).toBe(true);
    expect(sent.at(-1)).toMatchObject({ flags: Ack | Fin, acknowledgement: 5006 });
    exchange.receive(segment(Ack | Fin, 5006, 1005));
    expect(sent.at(-1)).toMatchObject({ flags: Ack, sequence: 1005 });
  });

  test("any loss, order and repetition of segments, also across the wrap of sequence numbers, gives the same answer", () => {
    const start = fc.integer({ min: -40, max: 40 }).map((near) => near >>> 0);
    const pieces = fc.array(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(start, start, pieces, fc.infiniteStream(fc.nat()), (first, theirs, texts, choice) => {
        const { exchange, sent } = client(first);
        exchange.receive(segment(Syn | Ack, theirs, first + 1));
        let at = theirs + 1;
        const segments = texts.map((text, i) => {
          const data = Buffer.from(text);
          const piece = segment(Ack | (i === texts.length - 1 ? Fin : 0), at, first + 4, data);
          at += data.length;
          return piece;
        });
        for (let i = 0; i < 400 && !exchange.finished; i++) {
          exchange.receive(segments[choice.next().value! % segments.length]!);
        }
        // A server sends again from what was acknowledged last.
        for (const piece of segments) exchange.receive(piece);
        expect(exchange.answer.toString()).toBe(texts.join(""));
        expect(sent.at(-1)!.acknowledgement).toBe((at + 1) >>> 0);
      }),
    );
  });
});
