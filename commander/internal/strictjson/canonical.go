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
	unsigned := strings.TrimPrefix(number, "-")
	sign := number[:len(number)-len(unsigned)]
	mantissa, power := unsigned, int64(0)
	if at := strings.IndexAny(unsigned, "eE"); at >= 0 {
		var err error
		if power, err = strconv.ParseInt(unsigned[at+1:], 10, 32); err != nil {
			return number
		}
		mantissa = unsigned[:at]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	power -= int64(len(fraction))
	digits := strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(digits, "0")
	if short == "" {
		return "0"
	}
	return sign + short + "e" + strconv.FormatInt(power+int64(len(digits)-len(short)), 10)
}
