import { TcpFlag, type Tcp } from "./frame";

/** What a segment has besides ports. */
export type Segment = Omit<Tcp, "sourcePort" | "destinationPort">;

type State = "connecting" | "open" | "done";

/** Bytes that the other side may send ahead; everything is consumed at once. */
const WINDOW = 65_535;

/** Sequence numbers wrap: how far `a` is ahead of `b`, negative when behind. */
const ahead = (a: number, b: number): number => (a - b) | 0;
const plus = (sequence: number, n: number): number => (sequence + n) >>> 0;

/**
 * One TCP exchange as a client, without clock or wires: connect, send one request, take what comes until the other side
 * closes. Out-of-order segments are dropped and come again; `tick` sends again what is not acknowledged.
 */
export class TcpExchange {
  private state: State = "connecting";
  private next: number;
  private acknowledged: number;
  private expected = 0;
  private received: Buffer[] = [];
  private failure: string | undefined;

  /**
   * @param request at most what fits one segment (1400 bytes)
   * @param complete whether these bytes are the whole answer although the other side has not closed
   */
  constructor(
    private readonly first: number,
    private readonly request: Buffer,
    private readonly send: (segment: Segment) => void,
    private readonly complete: (answer: Buffer) => boolean = () => false,
  ) {
    if (request.length > 1400) throw new Error("the request does not fit one segment");
    this.next = plus(first, 1);
    this.acknowledged = first;
  }

  get finished(): boolean {
    return this.state === "done";
  }

  /** What has come so far. */
  get answer(): Buffer {
    return Buffer.concat(this.received);
  }

  /** Why it ended early; undefined while open and after a proper end. */
  get error(): string | undefined {
    return this.failure;
  }

  /** Sends (again) what the other side has not acknowledged. Call it to begin, then at intervals. */
  tick(): void {
    if (this.state === "connecting") {
      this.send({
        sequence: this.first,
        acknowledgement: 0,
        flags: TcpFlag.Syn,
        window: WINDOW,
        data: Buffer.alloc(0),
      });
    } else if (this.state === "open" && ahead(this.next, this.acknowledged) > 0) {
      this.emit(TcpFlag.Psh, plus(this.first, 1), this.request);
    }
  }

  /** A segment of this connection came in. */
  receive(segment: Segment): void {
    const has = (flag: number) => (segment.flags & flag) !== 0;
    if (this.state === "done") {
      if (has(TcpFlag.Fin)) this.emit(0, plus(this.next, 1));
      return;
    }
    if (this.state === "connecting") {
      if (!has(TcpFlag.Ack) || segment.acknowledgement !== this.next) return;
      if (has(TcpFlag.Rst)) return this.fail("connection refused");
      if (!has(TcpFlag.Syn)) return;
      this.state = "open";
      this.expected = plus(segment.sequence, 1);
      this.acknowledged = this.next;
      this.next = plus(this.next, this.request.length);
      this.emit(TcpFlag.Psh, plus(this.first, 1), this.request);
      return;
    }
    if (has(TcpFlag.Rst)) {
      if (segment.sequence === this.expected) this.fail("connection reset");
      return;
    }
    if (has(TcpFlag.Ack) && ahead(segment.acknowledgement, this.acknowledged) > 0) {
      this.acknowledged = segment.acknowledgement;
    }
    if (segment.data.length || has(TcpFlag.Fin)) this.take(segment, has(TcpFlag.Fin));
  }

  private take(segment: Segment, fin: boolean): void {
    const known = ahead(this.expected, segment.sequence);
    const end = plus(segment.sequence, segment.data.length);
    const inOrder = known >= 0 && ahead(end, this.expected) >= 0;
    if (inOrder && known < segment.data.length) {
      this.received.push(Buffer.from(segment.data.subarray(known)));
      this.expected = end;
    }
    const closed = inOrder && fin;
    if (closed) this.expected = plus(this.expected, 1);
    if (closed || this.complete(this.answer)) {
      this.emit(TcpFlag.Fin);
      this.state = "done";
    } else {
      this.emit(0);
    }
  }

  private emit(flags: number, sequence = this.next, data: Buffer = Buffer.alloc(0)): void {
    this.send({ sequence, acknowledgement: this.expected, flags: flags | TcpFlag.Ack, window: WINDOW, data });
  }

  private fail(reason: string): void {
    this.failure = reason;
    this.state = "done";
  }
}
