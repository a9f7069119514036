import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { encodeFrames } from "../../provider/ssh/frames";
import { Sandbox } from "./sandbox";

const sandbox = new Sandbox();
afterAll(() => sandbox.remove());

const lib = (script: string, input = "") =>
  sandbox.sh(`. "$MACVLAN_ROOT/usr/local/libexec/macvlan/lib.sh"; ${script}`, input);

describe("frames", () => {
  const dump =
    'd=$(mktemp -d); frames "$d" || exit 2; cd "$d"; find . -type f | sort | while read -r f; do echo "[$f]"; cat "$f"; done; rm -r "$d"';

  test("splits what the components send, escaped lines included", () => {
    const input = encodeFrames({
      "compose.yaml": "== not a frame\n=== nor this\n=x\n",
      "files/etc/app.conf": "a\n",
      empty: "",
    });
    expect(lib(dump, `${input}\n`).stdout).toBe(
      "[./compose.yaml]\n== not a frame\n=== nor this\n=x\n[./empty]\n[./files/etc/app.conf]\na\n",
    );
  });

  test("gives back any text", () => {
    const line = fc.string({ unit: fc.constantFrom("=", " ", "a", "'", "\\", "$", "é", "%", '"') });
    const text = fc.array(line, { minLength: 1 }).map((lines) => `${lines.join("\n")}\n`);
    fc.assert(
      fc.property(text, (content) => {
        expect(lib(dump, `${encodeFrames({ f: content })}\n`).stdout).toBe(`[./f]\n${content}`);
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    "== ../x\na\n",
    "== /etc/x\na\n",
    "== a/./b\n",
    "== a\n== a\n",
    "text first\n== a\n",
    "== a/\n",
    "== .parts/x\n",
  ])("refuses %j", (payload) => {
    const run = lib(dump, payload);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/^payload: /);
  });
});

describe("put", () => {
  test("leaves an equal file alone, and replaces another at once, never in place", () => {
    const run = lib(
      'cd "$MACVLAN_ROOT"; echo new >a; echo old >b; ln b seen; changed=; put a ./b 644; echo "$changed $(cat b) $(cat seen) $(stat -c %a b)"; ' +
        'before=$(stat -c %i b); changed=; put a ./b 644; echo "[$changed] $([ "$before" = "$(stat -c %i b)" ] && echo same)"; ls -A | grep -c "^.b."',
    );
    expect(run.stdout).toBe("1 new old 644\n[] same\n0\n");
  });

  test("corrects a mode", () => {
    expect(
      lib('cd "$MACVLAN_ROOT"; echo x >c; chmod 666 c; changed=; put c ./c 644; echo "$changed $(stat -c %a c)"')
        .stdout,
    ).toBe("1 644\n");
  });

  test.each([
    ["an empty folder, as Docker makes one of a missing file", "mkdir b", "0 new"],
    ["a link to a folder", "ln -s d b", "0 new"],
    ["a folder with something in it, which stays", "mkdir b; echo theirs >b/c", "1 theirs"],
  ])("in the place of %s", (_, before, expected) => {
    const run = lib(
      `cd "$(mktemp -d -p "$MACVLAN_ROOT")"; mkdir d; echo new >a; ${before}; put a ./b 644; echo "$? $(cat b/c 2>/dev/null || cat b)$(ls d)"`,
    );
    expect(run.stdout).toBe(`${expected}\n`);
  });
});

describe("redact", () => {
  test("takes values out whole, longest first, line by line, whatever they consist of", () => {
    sandbox.write(
      "s.sh",
      "# managed\nexport A='p.*[w'\nexport LONG='p.*[word'\nexport TWO='line one\nline two'\nexport Q='it'\\''s'\nexport EMPTY=''\n",
    );
    const run = lib('redact "$MACVLAN_ROOT/s.sh"', "x p.*[word y p.*[w p.*[w\nline two\nit's p\\.\n");
    expect(run.stdout).toBe("x [secret] y [secret] [secret]\n[secret]\n[secret] p\\.\n");
  });

  test("without secrets the text passes", () => {
    expect(lib('redact "$MACVLAN_ROOT/none"', "a\n").stdout).toBe("a\n");
  });
});

describe("lock", () => {
  test("lets the second run wait, and says so", () => {
    const run = lib("(lock x; echo first; sleep 1; echo first is done) & sleep 0.4; (lock x; echo second); wait");
    expect(run.stdout).toBe("first\nfirst is done\nsecond\n");
    expect(run.stderr).toBe("waiting for another run on x\n");
  });

  test("gives up after its time", () => {
    const run = lib("(lock x; sleep 2) & sleep 0.4; (lock x 1); echo $?; wait");
    expect(run.stdout).toBe("1\n");
    expect(run.stderr).toContain("another run on x has not ended after 1 s");
  });
});

test("a priority goes to the journal only", () => {
  expect(lib("warn hello").stderr).toBe("hello\n");
  expect(lib("JOURNAL_STREAM=1:2; warn hello").stderr).toBe("<4>hello\n");
});
