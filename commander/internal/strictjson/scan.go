package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// SyntaxError says where and why a text is not acceptable.
type SyntaxError struct {
	// Offset is the byte that the reader stumbled over, from 0.
	Offset int
	// Reason is for people.
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("at byte %d: %s", e.Offset, e.Reason) }

// Member is one key of an object with its value.
type Member struct {
	Key   string
	Value json.RawMessage
}

// NotObjectError says that the text is acceptable JSON, but no object.
type NotObjectError struct{ Found string }

func (e *NotObjectError) Error() string { return "must be a JSON object, not " + e.Found }

// NotArrayError says that the text is acceptable JSON, but no array.
type NotArrayError struct{ Found string }

func (e *NotArrayError) Error() string { return "must be an array, not " + e.Found }

// Object reads text as one object, at most maxDepth deep, itself included, and returns its members in their order; the
// values are parts of text. It fails with a SyntaxError or a NotObjectError.
func Object(text []byte, maxDepth int) ([]Member, error) {
	var members []Member
	found, err := whole(text, maxDepth, '{', func(s *scanner) error {
		members = make([]Member, 0, 8)
		return s.object(func(key []byte) error {
			begin := s.at
			err := s.value()
			members = append(members, Member{Key: string(key), Value: s.text[begin:s.at]})
			return err
		})
	})
	if err == nil && found != '{' {
		err = &NotObjectError{Found: describe(found)}
	}
	if err != nil {
		return nil, err
	}
	return members, nil
}

// Array reads text as one array, at most maxDepth deep, itself included, and returns its elements, which are parts of
// text. It fails with a SyntaxError or a NotArrayError.
func Array(text []byte, maxDepth int) ([]json.RawMessage, error) {
	var elements []json.RawMessage
	found, err := whole(text, maxDepth, '[', func(s *scanner) error {
		return s.array(func() error {
			begin := s.at
			err := s.value()
			elements = append(elements, s.text[begin:s.at])
			return err
		})
	})
	if err == nil && found != '[' {
		err = &NotArrayError{Found: describe(found)}
	}
	if err != nil {
		return nil, err
	}
	return elements, nil
}

// whole reads text as one value, with read where it begins as wanted, and returns how it begins.
func whole(text []byte, maxDepth int, wanted byte, read func(*scanner) error) (found byte, err error) {
	s := &scanner{text: text, maxDepth: maxDepth}
	s.space()
	if found = s.peek(); found == wanted {
		err = read(s)
	} else {
		err = s.value()
	}
	if err != nil {
		return found, err
	}
	s.space()
	if s.at != len(text) {
		return found, s.fail("only white space may follow the value")
	}
	return found, nil
}

func describe(first byte) string {
	switch first {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// scanner walks the text once. Every method leaves at behind what it read.
type scanner struct {
	text     []byte
	at       int
	depth    int
	maxDepth int
}

func (s *scanner) fail(format string, args ...any) error {
	return &SyntaxError{Offset: s.at, Reason: fmt.Sprintf(format, args...)}
}

// peek returns the next byte, 0 at the end: a NUL is nowhere allowed, so the two need no telling apart.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(func([]byte) error { return s.value() })
	case c == '[':
		return s.array(s.value)
	case c == '"':
		_, err := s.skip()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	case s.at >= len(s.text):
		return s.fail("the text ends where a value should stand")
	default:
		return s.fail("no value can begin here")
	}
}

func (s *scanner) literal(word string) error {
	if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
		return s.fail("no value can begin here")
	}
	s.at += len(word)
	return nil
}

func (s *scanner) enter() error {
	if s.depth++; s.depth > s.maxDepth {
		return s.fail("nested more than %d deep", s.maxDepth)
	}
	s.at++
	s.space()
	return nil
}

// array reads an array; element reads each of its elements.
func (s *scanner) array(element func() error) error {
	if err := s.enter(); err != nil {
		return err
	}
	for first := true; ; first = false {
		if first && s.peek() == ']' {
			break
		}
		s.space()
		if err := element(); err != nil {
			return err
		}
		s.space()
		if s.peek() == ']' {
			break
		}
		if s.peek() != ',' {
			return s.fail("expected ',' or ']'")
		}
		s.at++
	}
	s.at++
	s.depth--
	return nil
}

// object reads an object; member reads the value of each of its keys.
func (s *scanner) object(member func(key []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	var seen keySet
	for first := true; ; first = false {
		if first && s.peek() == '}' {
			break
		}
		s.space()
		begin := s.at
		if s.peek() != '"' {
			return s.fail("expected a key in quotation marks")
		}
		key, err := s.str()
		if err != nil {
			return err
		}
		if seen.has(key) {
			s.at = begin
			return s.fail("the key %s stands twice in one object", strconv.QuoteToASCII(clip(string(key))))
		}
		seen.add(key)
		s.space()
		if s.peek() != ':' {
			return s.fail("expected ':'")
		}
		s.at++
		s.space()
		if err := member(key); err != nil {
			return err
		}
		s.space()
		if s.peek() == '}' {
			break
		}
		if s.peek() != ',' {
			return s.fail("expected ',' or '}'")
		}
		s.at++
	}
	s.at++
	s.depth--
	return nil
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.at++
	}
	switch c := s.peek(); {
	case c == '0':
		s.at++
	case c >= '1' && c <= '9':
		s.digits()
	default:
		return s.fail("expected a digit")
	}
	if s.peek() == '.' {
		s.at++
		if s.digits() == 0 {
			return s.fail("expected a digit after the point")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if s.digits() == 0 {
			return s.fail("expected a digit in the exponent")
		}
	}
	return nil
}

func (s *scanner) digits() int {
	begin := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at - begin
}

// str reads a string and returns what it says; where it is written so, that is a part of the text.
func (s *scanner) str() ([]byte, error) {
	begin := s.at + 1
	written, err := s.skip()
	if err != nil {
		return nil, err
	}
	raw := s.text[begin : s.at-1]
	if written == plain {
		return raw, nil
	}
	inner, out := scanner{text: raw}, make([]byte, 0, len(raw))
	for inner.at < len(raw) {
		if raw[inner.at] != '\\' {
			out = append(out, raw[inner.at])
			inner.at++
			continue
		}
		r, err := inner.escape()
		if err != nil {
			return nil, err
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}

// written says whether a string is written as it is meant.
type written int

const (
	plain written = iota
	escaped
)

// skip reads a string, without keeping what it says.
func (s *scanner) skip() (written, error) {
	s.at++
	how := plain
	for {
		if s.at >= len(s.text) {
			return how, s.fail("the text ends within a string")
		}
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return how, nil
		case c == '\\':
			how = escaped
			if _, err := s.escape(); err != nil {
				return how, err
			}
		case c < 0x20:
			return how, s.fail("control characters in strings must be escaped")
		case c < utf8.RuneSelf:
			s.at++
		default:
			r, size := utf8.DecodeRune(s.text[s.at:])
			if r == utf8.RuneError && size == 1 {
				return how, s.fail("not valid UTF-8")
			}
			s.at += size
		}
	}
}

func (s *scanner) escape() (rune, error) {
	s.at++
	c := s.peek()
	if c == 'u' {
		return s.unicode()
	}
	const letters, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	for i := range len(letters) {
		if letters[i] == c {
			s.at++
			return rune(meanings[i]), nil
		}
	}
	return 0, s.fail("no such escape")
}

// unicode reads \uXXXX behind its backslash, and the second half of a surrogate pair.
func (s *scanner) unicode() (rune, error) {
	r, err := s.hex()
	if err != nil {
		return 0, err
	}
	switch {
	case r < 0xD800 || r > 0xDFFF:
		return r, nil
	case r >= 0xDC00 || s.peek() != '\\' || s.at+1 >= len(s.text) || s.text[s.at+1] != 'u':
		return 0, s.fail("a lone surrogate is no character")
	}
	s.at++
	low, err := s.hex()
	if err != nil {
		return 0, err
	}
	if low < 0xDC00 || low > 0xDFFF {
		return 0, s.fail("a lone surrogate is no character")
	}
	return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, nil
}

func (s *scanner) hex() (rune, error) {
	s.at++
	if s.at+4 > len(s.text) {
		return 0, s.fail("\\u needs four hexadecimal digits")
	}
	var r rune
	for _, c := range s.text[s.at : s.at+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, s.fail("\\u needs four hexadecimal digits")
		}
	}
	s.at += 4
	return r, nil
}

// keySet is the keys of one object. Most objects have few, for which a map costs more than it saves.
type keySet struct {
	few  [8][]byte
	n    int
	many map[string]struct{}
}

func (k *keySet) has(key []byte) bool {
	if _, ok := k.many[string(key)]; ok {
		return true
	}
	return slices.ContainsFunc(k.few[:k.n], func(known []byte) bool { return bytes.Equal(known, key) })
}

func (k *keySet) add(key []byte) {
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	k.many[string(key)] = struct{}{}
}

// clip keeps a message short whatever the key.
func clip(s string) string {
	const longest = 64
	if len(s) <= longest {
		return s
	}
	return s[:longest] + "..."
}
