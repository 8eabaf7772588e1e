import { describe, expect, it } from 'vitest';
import { jsonFault } from './json-fault';

describe('jsonFault', () => {
  it.each(['{}', ' {"a":[1,-2.5e3,true,false,null,"\\u00e9\\n"]}\n', '[]', '0', '"x"', '[[[]],{}]'])(
    'takes %s',
    (text) => expect(jsonFault(text)).toBeUndefined(),
  );

  it.each([
    ['{"a": 1,}', 1, 8, 'No "," before "}"'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, 'Expected "," or "}" in the object, got "\\""'],
    ['{\n  a: 1\n}', 2, 3, 'Expected a name in double quotes, got "a"'],
    ['{"a" 1}', 1, 6, 'Expected ":" after the name, got "1"'],
    ['{"a": \'x\'}', 1, 7, "Strings stand in double quotes, not in '"],
    ['{"a": "x\n"}', 1, 7, 'The string that begins here has no end on its line'],
    ['{"a": 1', 1, 8, 'Expected "," or "}" in the object, got the end'],
    ['{"a": 01}', 1, 8, 'Not a number that JSON knows'],
    ['{"a": 1.}', 1, 8, 'Not a number that JSON knows'],
    ['{"a": -}', 1, 7, 'Expected a value, got "-"'],
    ['{"a": nul}', 1, 7, 'Expected a value, got "n"'],
    ['{"a": "\\x"}', 1, 8, 'Not an escape that JSON knows; a backslash is \\\\'],
    ['{"a": "\t"}', 1, 8, 'A control character in a string; write it as an escape such as \\t'],
    ['[1, 2', 1, 6, 'Expected "," or "]" in the list, got the end'],
    ['{} {}', 1, 4, 'Nothing may follow here, but "{" does'],
    ['', 1, 1, 'Expected a value, got the end'],
    ['🚀', 1, 1, 'Expected a value, got "🚀"'],
  ])('finds the fault of %j', (text, line, column, message) => {
    expect(jsonFault(text)).toEqual({ line, column, message });
  });

  it('finds one wherever JSON.parse does: every cut of a document', () => {
    const text = '{"a": [1, {"b": "c\\n"}, -1e5], "d": {"e": null}}';
    for (let end = 0; end < text.length; end++) {
      const fault = jsonFault(text.slice(0, end));
      expect(fault?.message).toBeTruthy();
      expect(fault?.message).not.toBe('Not JSON');
    }
  });
});
