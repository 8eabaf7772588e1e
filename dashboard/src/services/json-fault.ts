// Where a text stops being JSON. Browsers say that each in their own words, and some not at all.

export interface JsonFault {
  message: string;
  /** From 1. */
  line: number;
  column: number;
}

/** The first fault, or undefined where JSON.parse takes the text. */
export function jsonFault(text: string): JsonFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    const { at, message } = new Reader(text).fault();
    const before = text.slice(0, at).split('\n');
    return { message, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}

class Fault extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  fault(): { at: number; message: string } {
    try {
      this.value();
      this.space();
      if (this.at < this.text.length) this.fail(`Nothing may follow here, but ${this.here()} does`);
    } catch (error) {
      if (error instanceof Fault) return { at: error.at, message: error.message };
      if (error instanceof RangeError) return { at: this.at, message: 'Nested too deep' };
      throw error;
    }
    return { at: this.text.length, message: 'Not JSON' };
  }

  private value(): void {
    this.space();
    const char = this.text[this.at];
    if (char === '{') this.members('}', true);
    else if (char === '[') this.members(']', false);
    else if (char === '"') this.string();
    else if (char === "'") this.fail("Strings stand in double quotes, not in '");
    else if (this.take(/-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y)) {
      if (/[\d.eE]/.test(this.text[this.at] ?? '')) this.fail('Not a number that JSON knows');
    } else if (!this.take(/(true|false|null)(?![\w$])/y)) this.fail(`Expected a value, got ${this.here()}`);
  }

  private members(end: ']' | '}', named: boolean): void {
    const what = named ? 'object' : 'list';
    this.at += 1;
    this.space();
    if (this.text[this.at] === end) {
      this.at += 1;
      return;
    }
    for (;;) {
      this.space();
      if (named) {
        if (this.text[this.at] !== '"') this.fail(`Expected a name in double quotes, got ${this.here()}`);
        this.string();
        this.space();
        if (this.text[this.at] !== ':') this.fail(`Expected ":" after the name, got ${this.here()}`);
        this.at += 1;
      }
      this.value();
      this.space();
      const char = this.text[this.at];
      if (char === end) {
        this.at += 1;
        return;
      }
      if (char !== ',') this.fail(`Expected "," or "${end}" in the ${what}, got ${this.here()}`);
      const comma = this.at;
      this.at += 1;
      this.space();
      if (this.text[this.at] === end) {
        this.at = comma;
        this.fail(`No "," before "${end}"`);
      }
    }
  }

  private string(): void {
    const start = this.at;
    this.at += 1;
    for (;;) {
      const char = this.text[this.at];
      if (char === '"') {
        this.at += 1;
        return;
      }
      if (char === '\\') {
        if (!this.take(/\\(["\\/bfnrt]|u[\da-fA-F]{4})/y))
          this.fail('Not an escape that JSON knows; a backslash is \\\\');
        continue;
      }
      if (char !== undefined && char >= ' ') {
        this.at += 1;
        continue;
      }
      if (char === undefined || char === '\n') {
        this.at = start;
        this.fail('The string that begins here has no end on its line');
      }
      this.fail('A control character in a string; write it as an escape such as \\t');
    }
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  private space(): void {
    this.take(/[ \t\n\r]*/y);
  }

  private here(): string {
    const char = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
    return this.at >= this.text.length ? 'the end' : JSON.stringify(char);
  }

  private fail(message: string): never {
    throw new Fault(this.at, message);
  }
}
