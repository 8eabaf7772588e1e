package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

const depth = 8

func nest(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

var refused = map[string]string{ // text: a word of the reason
	``:                            "ends",
	`{`:                           "key",
	`{"a":1`:                      "',' or '}'",
	`{"a":1,}`:                    "key",
	`{"a" 1}`:                     "':'",
	`{a:1}`:                       "key",
	`{'a':1}`:                     "key",
	`{"a":1}x`:                    "follow",
	`{"a":1}{"a":1}`:              "follow",
	`{"a":[1,]}`:                  "value",
	`{"a":[1 2]}`:                 "',' or ']'",
	`{"a":}`:                      "value",
	`{"a":01}`:                    "',' or '}'",
	`{"a":+1}`:                    "value",
	`{"a":.5}`:                    "value",
	`{"a":1.}`:                    "after the point",
	`{"a":1e}`:                    "exponent",
	`{"a":-}`:                     "digit",
	`{"a":0x1}`:                   "',' or '}'",
	`{"a":NaN}`:                   "value",
	`{"a":Infinity}`:              "value",
	`{"a":tru}`:                   "value",
	`{"a":True}`:                  "value",
	`{"a":"b}`:                    "within a string",
	"{\"a\":\"\n\"}":              "control",
	"{\"a\":\"\x00\"}":            "control",
	`{"a":"\x"}`:                  "escape",
	`{"a":"\u12"}`:                "hexadecimal",
	`{"a":"\u12g4"}`:              "hexadecimal",
	`{"a":"\ud800"}`:              "surrogate",
	`{"a":"\udc00"}`:              "surrogate",
	`{"a":"\ud800\ud800"}`:        "surrogate",
	`{"a":"\ud800x"}`:             "surrogate",
	`{"\ud800":1}`:                "surrogate",
	"{\"a\":\"\xff\"}":            "UTF-8",
	"{\"a\":\"\xed\xa0\x80\"}":    "UTF-8", // a surrogate in UTF-8
	"{\"a\":\"\xc0\x80\"}":        "UTF-8", // overlong
	"\ufeff{}":                    "value",
	"\x00{}":                      "value",
	"{}\x00":                      "follow",
	`{"a":1,"a":2}`:               "twice",
	`{"a":1,"\u0061":2}`:          "twice",
	`{"x":[{"a":1,"b":2,"a":3}]}`: "twice",
	`{"a":` + nest(depth) + `}`:   "deep",
	`// x`:                        "value",
}

func TestRefused(t *testing.T) {
	for text, reason := range refused {
		_, err := Object([]byte(text), depth)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(syntax.Reason, reason) {
			t.Errorf("%q: %v, want a reason with %q", text, err, reason)
		} else if syntax.Offset > len(text) {
			t.Errorf("%q: offset %d", text, syntax.Offset)
		}
	}
}

func TestNoObject(t *testing.T) {
	for text, found := range map[string]string{`[]`: "array", `"a"`: "string", ` 1 `: "number", `-1e5`: "number", `true`: "boolean", `null`: "null"} {
		_, err := Object([]byte(text), depth)
		var other *NotObjectError
		if !errors.As(err, &other) || !strings.Contains(other.Found, found) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAccepted(t *testing.T) {
	members, err := Object([]byte(` { "a" : 1.5e-3 , "b":[ {"a":null} , "\ud83d\ude80\u0000"],"":{} , "A":true } `), depth)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range members {
		got = append(got, m.Key+"="+string(m.Value))
	}
	want := `a=1.5e-3|b=[ {"a":null} , "\ud83d\ude80\u0000"]|={}|A=true`
	if strings.Join(got, "|") != want {
		t.Errorf("%s, want %s", strings.Join(got, "|"), want)
	}
	if _, err := Object([]byte(`{"a":`+nest(depth-1)+`}`), depth); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

func TestArray(t *testing.T) {
	elements, err := Array([]byte(` [ {"a":[1]} , 2,"x,]",[] ] `), 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range elements {
		got = append(got, string(e))
	}
	if diff := cmp.Diff([]string{`{"a":[1]}`, `2`, `"x,]"`, `[]`}, got); diff != "" {
		t.Error(diff)
	}
	if none, err := Array([]byte(`[]`), 1); err != nil || len(none) != 0 {
		t.Errorf("[]: %v, %v", none, err)
	}
	for text, says := range map[string]string{
		`{"a":1}`: "an object", `"x"`: "a string", `null`: "null", `1`: "a number", `[1`: "at byte 2", `[1,]`: "no value",
		`[{"a":1,"a":2}]`: "twice", `[[[[]]]]`: "3 deep", `[] []`: "follow", ``: "ends",
	} {
		if got, err := Array([]byte(text), 3); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, %v, want an error with %q", text, got, err, says)
		}
	}
}

func TestCanonical(t *testing.T) {
	same := []string{`{"a":1,"b":["<",{"c":null,"d":2}]}`, ` { "b" : [ "\u003c" , {"d":2,"c":null} ] , "\u0061" : 1 } `}
	var first []byte
	for i, text := range same {
		got, err := Canonical([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = got
		} else if !bytes.Equal(got, first) {
			t.Errorf("%s and %s", first, got)
		}
	}
	for _, text := range []string{`{"a":1.0,"b":["<",{"c":null,"d":2}]}`, `{"a":1,"b":[{"c":null,"d":2},"<"]}`, `{"a":1}`} {
		if got, err := Canonical([]byte(text)); err != nil || bytes.Equal(got, first) {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
	if got, _ := Canonical([]byte(`{"a":123456789012345678901234567890}`)); string(got) != `{"a":123456789012345678901234567890}` {
		t.Errorf("a large number became %s", got)
	}
}

func TestValue(t *testing.T) {
	for _, same := range [][]string{
		{`{"a":1}`, `{"a":1.0}`, `{"a":10e-1}`, `{"a":0.1E+1}`, `{"\u0061":1.000}`},
		{`{"a":0}`, `{"a":-0}`, `{"a":0.0e7}`},
		{`{"a":[{"b":-1200}]}`, `{"a":[{"b":-1.2e3}]}`, `{"a":[{"b":-12e2}]}`},
		{`{"a":1000000000000000000000}`, `{"a":1e21}`, `{"a":1e+21}`},
		{`{"a":0.1,"b":"x"}`, `{"b":"x","a":0.10}`},
	} {
		first, err := Value([]byte(same[0]))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range same[1:] {
			if got, err := Value([]byte(text)); err != nil || !bytes.Equal(got, first) {
				t.Errorf("%s and %s: %s and %s, %v", same[0], text, first, got, err)
			}
		}
	}
	differ := map[string]string{}
	for _, text := range []string{
		`{"a":9007199254740993}`, `{"a":9007199254740992}`, `{"a":-1}`, `{"a":1}`, `{"a":"1"}`, `{"a":10}`, `{"a":0.1}`, `{"a":0.10000000000000001}`,
		`{"a":1e99999999999}`, `{"a":1e99999999998}`, `{"a":[1]}`, `{"a":[1,1]}`, `{"a":[11]}`,
	} {
		got, err := Value([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := differ[string(got)]; taken {
			t.Errorf("%s and %s are both %s", text, other, got)
		}
		differ[string(got)] = text
	}
}

// TestPlain: equal numbers have one spelling, which a reader of whole numbers reads where they are whole.
func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":640.0,"b":64e1,"c":[640,6.4E+2]}`:                         `{"a":640,"b":640,"c":[640,640]}`,
		`{"1.0":"2.0\\\"3.0","x\\":-1.50}`:                              `{"1.0":"2.0\\\"3.0","x\\":-1.5}`,
		` {"a" : [ 0.0 , -0 , 0e9 , 1e-3, 12345e-2 ] , "b":true} `:      ` {"a" : [ 0 , 0 , 0 , 0.001, 123.45 ] , "b":true} `,
		`[1e20,100000000000000000000,1e21,10e20,-1e400]`:                `[100000000000000000000,100000000000000000000,1e21,1e21,-1e400]`,
		`[1e-20,1e-21,0.00000000000000000000001]`:                       `[0.00000000000000000001,0.000000000000000000001,1e-23]`,
		`[123456789012345678901234567890,3.14159265358979323846264338]`: `[123456789012345678901234567890,3.14159265358979323846264338]`,
		`{"a":1e99999999999}`:                                           `{"a":1e99999999999}`,
		`{}`:                                                            `{}`,
		`7.0`:                                                           `7`,
	} {
		got := string(Plain([]byte(text)))
		if got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
		if again := string(Plain([]byte(got))); again != got {
			t.Errorf("%s, then %s", got, again)
		}
	}
}

// marshalled is how Canonical, or Value, was written at first: with encoding/json. What was hashed then must fit what is hashed
// now.
func marshalled(t *testing.T, text []byte, edit func(string) string) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var edited func(v any) any
	edited = func(v any) any {
		switch v := v.(type) {
		case json.Number:
			return json.Number(edit(string(v)))
		case []any:
			for i := range v {
				v[i] = edited(v[i])
			}
		case map[string]any:
			for key := range v {
				v[key] = edited(v[key])
			}
		}
		return v
	}
	out, err := json.Marshal(edited(v))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// FuzzCanonical holds Canonical and Value against encoding/json, byte by byte.
func FuzzCanonical(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"n":1}`, ` { "b" : [ 1.0, -0, [ ], {} ] , "a" : { "z" : null, "y" : [true, false] } } `, `{"a":1e5,"b":1E+05}`,
		`{"<&>":"\u2028\u2029\u007f\u0000\"\\\/\b\f\n\r\t","é":"\ud83d\ude00","e\u0301":"<script>"}`,
		`{"a":{"b":{"c":[[[["d"]]]]}},"A":"","":"empty"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := Object(text, 100); err != nil {
			t.Skip()
		}
		canonical, err := Canonical(text)
		if want := marshalled(t, text, func(n string) string { return n }); err != nil || !bytes.Equal(canonical, want) {
			t.Errorf("%s: %s, %v, want %s", text, canonical, err, want)
		}
		value, err := Value(text)
		if want := marshalled(t, text, exact); err != nil || !bytes.Equal(value, want) {
			t.Errorf("%s: %s, %v, want %s", text, value, err, want)
		}
	})
}

// FuzzObject compares with encoding/json: whatever is accepted here is valid there and says the same, and whatever is
// valid there is refused here only for a reason that encoding/json does not look at.
func FuzzObject(f *testing.F) {
	for text := range refused {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"a":[1,{"b":"\ud83d\ude80\n"},true,null,-0.5E+7],"é":{"":""}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		members, err := Object(text, depth)
		var other *NotObjectError
		accepted := err == nil || errors.As(err, &other)
		if accepted != (json.Valid(text) && utf8.Valid(text) && unambiguous(text)) {
			t.Fatalf("%q: %v; encoding/json: %v", text, err, json.Valid(text))
		}
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if len(want) != len(members) {
			t.Fatalf("%q: %d members, encoding/json has %d", text, len(members), len(want))
		}
		for _, m := range members {
			if string(want[m.Key]) != string(m.Value) {
				t.Fatalf("%q: %q is %s, encoding/json has %s", text, m.Key, m.Value, want[m.Key])
			}
		}
		value, err := Value(text)
		if err != nil {
			t.Fatal(err)
		}
		plain := Plain(text)
		if same, err := Value(plain); err != nil || !bytes.Equal(value, same) {
			t.Fatalf("%s is not %s (%v)", plain, text, err)
		}
		first, err := Canonical(text)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Canonical(first); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("canonical %s, then %s (%v)", first, again, err)
		}
	})
}

// unambiguous tells of valid JSON whether it has neither duplicate keys nor lone surrogates, nor is too deep: by another
// way than Object does.
func unambiguous(text []byte) bool {
	type level struct {
		keys  map[string]bool // nil in an array
		isKey bool
	}
	var levels []level
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		tok, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF) && !loneSurrogate(text)
		}
		top := len(levels) - 1
		switch v := tok.(type) {
		case json.Delim:
			switch v {
			case '{':
				if top >= 0 {
					levels[top].isKey = true
				}
				levels = append(levels, level{keys: map[string]bool{}, isKey: true})
			case '[':
				if top >= 0 {
					levels[top].isKey = true
				}
				levels = append(levels, level{})
			default:
				levels = levels[:top]
			}
			if len(levels) > depth {
				return false
			}
			continue
		case string:
			if top >= 0 && levels[top].keys != nil && levels[top].isKey {
				if levels[top].keys[v] {
					return false
				}
				levels[top].keys[v], levels[top].isKey = true, false
				continue
			}
		}
		if top >= 0 {
			levels[top].isKey = true
		}
	}
}

// loneSurrogate looks for escapes of surrogates that are no pair. Backslashes stand only in strings of valid JSON.
func loneSurrogate(text []byte) bool {
	half := func(i int) (rune, bool) {
		if i+6 > len(text) || text[i] != '\\' || text[i+1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(text[i+2:i+6]), 16, 16)
		return rune(n), err == nil
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		r, ok := half(i)
		switch {
		case !ok:
			i++ // a short escape
		case r >= 0xDC00 && r <= 0xDFFF:
			return true
		case r >= 0xD800 && r < 0xDC00:
			low, ok := half(i + 6)
			if !ok || low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 11
		default:
			i += 5
		}
	}
	return false
}
