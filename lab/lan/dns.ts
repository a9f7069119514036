/** An answer to a question for addresses. */
export interface DnsAnswer {
  /** 0: no error, 3: no such name, 5: refused (RFC 1035, 4.1.1). */
  code: number;
  addresses: string[];
}

/** A question for the IPv4 addresses of `name`. */
export function dnsQuery(id: number, name: string): Buffer {
  const head = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const labels = name
    .split(".")
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")]));
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

/** Reads the answer to the question `id`; undefined when it is none. */
export function readDns(id: number, bytes: Buffer): DnsAnswer | undefined {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== id || !(bytes[2]! & 0x80)) return undefined;
  const addresses: string[] = [];
  let at = 12;
  for (let i = bytes.readUInt16BE(4); i > 0; i--) at = skipName(bytes, at) + 4;
  for (let i = bytes.readUInt16BE(6); i > 0 && at < bytes.length; i--) {
    at = skipName(bytes, at);
    if (at + 10 > bytes.length) break;
    const length = bytes.readUInt16BE(at + 8);
    if (bytes.readUInt16BE(at) === 1 && length === 4) addresses.push([...bytes.subarray(at + 10, at + 14)].join("."));
    at += 10 + length;
  }
  return { code: bytes[3]! & 15, addresses };
}

/** Offset behind the name at `at`; a compression pointer ends it. */
function skipName(bytes: Buffer, at: number): number {
  while (at < bytes.length) {
    const length = bytes[at]!;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
  }
  return at;
}
