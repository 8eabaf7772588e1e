package strictjson

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Canonical returns the same JSON for texts that differ only in white space, in the order of keys and in how strings are
// escaped. Numbers keep their spelling: 1 and 1.0 are two texts. text must be acceptable to Object.
func Canonical(text []byte) ([]byte, error) {
	return rewrite(text, func(number string) string { return number })
}

// Value returns the same JSON for texts that say the same: as Canonical, and 1, 1.0 and 10e-1 are one text, too. Numbers are
// taken exactly, whatever a reader's floating point makes of them. text must be acceptable to Object.
func Value(text []byte) ([]byte, error) { return rewrite(text, exact) }

// Plain returns text with one spelling, ours, for all numbers that are equal, and the rest of it as it is: 1.0 and 10e-1 become
// 1, 0.10 becomes 0.1. Every reader of JSON reads that as the same, also one that reads only whole numbers, or no exponents. A
// number that would need more than maxZeros zeros at either end has an exponent. text must be acceptable to Object.
func Plain(text []byte) []byte {
	out := text[:0:0]
	for at := 0; at < len(text); {
		end := at + 1
		switch c := text[at]; {
		case c == '"':
			for ; text[end] != '"'; end++ {
				if text[end] == '\\' {
					end++
				}
			}
			end++
			out = append(out, text[at:end]...)
		case c == '-' || c >= '0' && c <= '9':
			for end < len(text) && strings.IndexByte("0123456789+-.eE", text[end]) >= 0 {
				end++
			}
			out = append(out, plainNumber(string(text[at:end]))...)
		default:
			out = append(out, c)
		}
		at = end
	}
	return out
}

// maxZeros bounds what plainNumber adds to a number: JavaScript writes whole numbers of so many digits without an exponent, and a text
// can't be made much longer by it.
const maxZeros = 20

// plainNumber writes a number without an exponent where that takes few zeros.
func plainNumber(number string) string {
	sign, digits, power, ok := parse(number)
	switch {
	case !ok:
		return number
	case digits == "":
		return "0"
	case power > maxZeros || -power > int64(len(digits)+maxZeros):
		return sign + digits + "e" + strconv.FormatInt(power, 10)
	case power >= 0:
		return sign + digits + strings.Repeat("0", int(power))
	}
	digits = strings.Repeat("0", max(0, int(-power)-len(digits)+1)) + digits
	point := len(digits) + int(power)
	return sign + digits[:point] + "." + digits[point:]
}

// rewrite writes what text says as json.Marshal does, with numbers as edit writes them. Seals and idempotency keys are kept
// over these bytes: they must not change.
func rewrite(text []byte, edit func(number string) string) ([]byte, error) {
	w := rewriter{scanner: scanner{text: text, maxDepth: math.MaxInt}, edit: edit, out: make([]byte, 0, len(text))}
	w.space()
	if err := w.value(); err != nil {
		return nil, err
	}
	return w.out, nil
}

// rewriter writes what it reads.
type rewriter struct {
	scanner
	edit func(number string) string
	out  []byte
}

func (w *rewriter) value() error {
	begin := w.at
	switch c := w.peek(); {
	case c == '{':
		return w.members()
	case c == '[':
		return w.elements()
	case c == '"':
		said, err := w.str()
		w.out = appendString(w.out, said)
		return err
	case c == '-' || c >= '0' && c <= '9':
		err := w.number()
		w.out = append(w.out, w.edit(string(w.text[begin:w.at]))...)
		return err
	default:
		err := w.scanner.value()
		w.out = append(w.out, w.text[begin:w.at]...)
		return err
	}
}

func (w *rewriter) elements() error {
	w.out = append(w.out, '[')
	first := true
	err := w.array(func() error {
		if !first {
			w.out = append(w.out, ',')
		}
		first = false
		return w.value()
	})
	w.out = append(w.out, ']')
	return err
}

// members writes an object's members in the order of their keys.
func (w *rewriter) members() error {
	type member struct {
		key      []byte
		from, to int // of its value in out
	}
	var all []member
	w.out = append(w.out, '{')
	begin := len(w.out)
	err := w.object(func(key []byte) error {
		from := len(w.out)
		err := w.value()
		all = append(all, member{key, from, len(w.out)})
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b member) int { return bytes.Compare(a.key, b.key) })
	values := slices.Clone(w.out[begin:])
	w.out = w.out[:begin]
	for i, m := range all {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(appendString(w.out, m.key), ':')
		w.out = append(w.out, values[m.from-begin:m.to-begin]...)
	}
	w.out = append(w.out, '}')
	return nil
}

// appendString writes a string as json.Marshal does. Most need no escapes.
func appendString(out, s []byte) []byte {
	if slices.ContainsFunc(s, needsEscape) {
		written, _ := json.Marshal(string(s)) //nolint:errchkjson // a string can always be written
		return append(out, written...)
	}
	return append(append(append(out, '"'), s...), '"')
}

// needsEscape tells whether json.Marshal may write a byte otherwise.
func needsEscape(c byte) bool {
	switch c {
	case '"', '\\', '<', '>', '&':
		return true
	}
	return c < ' ' || c >= 0x7f
}

// exact writes a number as digits without zeros at either end, and an exponent. One whose exponent is beyond all reason stays
// as it is.
func exact(number string) string {
	sign, digits, power, ok := parse(number)
	switch {
	case !ok:
		return number
	case digits == "":
		return "0"
	}
	return sign + digits + "e" + strconv.FormatInt(power, 10)
}

// parse returns a number as its digits, without zeros at either end, times ten to a power. It fails where the exponent is beyond
// all reason.
func parse(number string) (sign, digits string, power int64, ok bool) {
	unsigned := strings.TrimPrefix(number, "-")
	sign = number[:len(number)-len(unsigned)]
	mantissa := unsigned
	if at := strings.IndexAny(unsigned, "eE"); at >= 0 {
		var err error
		if power, err = strconv.ParseInt(unsigned[at+1:], 10, 32); err != nil {
			return "", "", 0, false
		}
		mantissa = unsigned[:at]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	digits = strings.TrimRight(all, "0")
	return sign, digits, power - int64(len(fraction)) + int64(len(all)-len(digits)), true
}
