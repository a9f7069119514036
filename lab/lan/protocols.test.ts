import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dnsQuery, readDns } from "./dns";
import { httpComplete, httpRequest, readHttp } from "./http";

describe("HTTP", () => {
  test("reads status, headers and body", () => {
    const answer = readHttp(Buffer.from("HTTP/1.1 404 Not Found\r\nX-A:  b: c \r\n\r\nnothing\n"));
    expect(answer).toEqual({ status: 404, headers: { "x-a": "b: c" }, body: "nothing\n" });
  });

  test.each(["", "HTTP/1.0 200 OK\r\nA: b\r\n", "SSH-2.0-x\r\n\r\n"])("%j is no answer", (text) => {
    expect(readHttp(Buffer.from(text))).toBeUndefined();
  });

  test("is complete with as many bytes as announced", () => {
    const head = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n";
    expect(["", "ab", "abc"].map((body) => httpComplete(Buffer.from(head + body)))).toEqual([false, false, true]);
    expect(httpComplete(Buffer.from("HTTP/1.0 200 OK\r\n\r\nabc"))).toBe(false);
  });

  test("asks for one answer and the end", () => {
    expect(httpRequest("192.168.76.53", "/x").toString()).toBe(
      "GET /x HTTP/1.0\r\nHost: 192.168.76.53\r\nConnection: close\r\n\r\n",
    );
  });
});

describe("DNS", () => {
  const question = dnsQuery(0x1234, "lab.test");
  const answer = (flags: string, answers: string) =>
    Buffer.concat([
      Buffer.from(`1234${flags}0001${answers ? "0002" : "0000"}00000000`, "hex"),
      question.subarray(12),
      Buffer.from(answers, "hex"),
    ]);

  test("a question is what RFC 1035 describes", () => {
    expect(question.toString("hex")).toBe("123401000001000000000000" + "036c6162" + "0474657374" + "00" + "00010001");
  });

  test("reads addresses behind compressed names, past records of other types", () => {
    const cname = "c00c" + "0005" + "0001" + "00000000" + "0002" + "c00c";
    const a = "c00c" + "0001" + "0001" + "00000000" + "0004" + "c0000235";
    expect(readDns(0x1234, answer("8580", cname + a))).toEqual({ code: 0, addresses: ["192.0.2.53"] });
  });

  test("reads refusals, and passes over what is no answer to this question", () => {
    expect(readDns(0x1234, answer("8185", ""))).toEqual({ code: 5, addresses: [] });
    expect(readDns(0x9999, answer("8580", ""))).toBeUndefined();
    expect(readDns(0x1234, question)).toBeUndefined();
  });

  test("arbitrary bytes neither throw nor hang", () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(
        bytes,
        (rest) => void readDns(0x1234, Buffer.concat([Buffer.from("12348580", "hex"), Buffer.from(rest)])),
      ),
    );
  });
});
