package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Canonical returns the same JSON for texts that differ only in white space, in the order of keys and in how strings are
// escaped. Numbers keep their spelling: 1 and 1.0 are two texts. text must be acceptable to Object.
func Canonical(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return out, nil
}
