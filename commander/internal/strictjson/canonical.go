package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Canonical returns the same JSON for texts that differ only in white space, in the order of keys and in how strings are
// escaped. Numbers keep their spelling: 1 and 1.0 are two texts. text must be acceptable to Object.
func Canonical(text []byte) ([]byte, error) { return rewrite(text, func(v any) any { return v }) }

// Value returns the same JSON for texts that say the same: as Canonical, and 1, 1.0 and 10e-1 are one text, too. Numbers are
// taken exactly, whatever a reader's floating point makes of them. text must be acceptable to Object.
func Value(text []byte) ([]byte, error) { return rewrite(text, exactNumbers) }

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
			out = append(out, plain(string(text[at:end]))...)
		default:
			out = append(out, c)
		}
		at = end
	}
	return out
}

// maxZeros bounds what plain adds to a number: JavaScript writes whole numbers of so many digits without an exponent, and a text
// can't be made much longer by it.
const maxZeros = 20

// plain writes a number without an exponent where that takes few zeros.
func plain(number string) string {
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

func rewrite(text []byte, edit func(any) any) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	out, err := json.Marshal(edit(v))
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return out, nil
}

// exactNumbers writes all numbers in v in one way.
func exactNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return json.Number(exact(string(v)))
	case []any:
		for i := range v {
			v[i] = exactNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = exactNumbers(v[key])
		}
	}
	return v
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
