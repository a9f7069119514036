/** An HTTP answer. */
export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** A GET that makes the server close when it has answered, and answer in one piece. */
export function httpRequest(host: string, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, "latin1");
}

/** Reads an answer; undefined when the head is not complete. */
export function readHttp(bytes: Buffer): HttpAnswer | undefined {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (end < 0 || !status) return undefined;
  const lines = text.slice(0, end).split("\r\n").slice(1);
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(status),
    headers: Object.fromEntries(headers),
    body: bytes.subarray(end + 4).toString("utf8"),
  };
}

/** Whether the length that the head announces has come: for servers that keep the connection open. */
export function httpComplete(bytes: Buffer): boolean {
  const length = readHttp(bytes)?.headers["content-length"];
  return length !== undefined && bytes.length >= bytes.indexOf("\r\n\r\n") + 4 + Number(length);
}
