package contracts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Label is one key of a mission's labels with its value, as lists filter by it. The zero Label is none.
type Label struct{ Key, Value string }

// ParseLabel reads KEY:VALUE. A key has no ':', so the first one ends it; a value may have some, or be empty. It fails
// with a ValidationError for the field `label`.
func ParseLabel(s string) (Label, error) {
	var v validator
	key, value, found := strings.Cut(s, ":")
	if !found || !utf8.ValidString(s) {
		v.add("label", "invalid", "must be KEY:VALUE, such as team:blue")
		return Label{}, v.err()
	}
	v.label("label", key, value)
	return Label{Key: key, Value: value}, v.err()
}

// String returns KEY:VALUE.
func (l Label) String() string { return l.Key + ":" + l.Value }

// label checks one key and its value.
func (v *validator) label(field, key, value string) {
	switch {
	case key == "" || strings.Contains(key, ":") || strings.ContainsFunc(key, unicode.IsControl):
		v.add(field, "invalid", "the key must have 1 to %d bytes, without ':' and control characters", MaxLabelKeySize)
	case len(key) > MaxLabelKeySize:
		v.add(field, "too_long", "the key has %d bytes, at most %d are allowed", len(key), MaxLabelKeySize)
	case len(value) > MaxLabelValueSize:
		v.add(field, "too_long", "has %d bytes, at most %d are allowed", len(value), MaxLabelValueSize)
	}
}
