package contracts

import (
	"strings"
	"testing"
)

func TestParseLabel(t *testing.T) {
	for text, want := range map[string]Label{
		"team:blue": {"team", "blue"}, "url:http://x:80": {"url", "http://x:80"}, "k:": {"k", ""}, "ключ: ü ": {"ключ", " ü "},
		strings.Repeat("k", 64) + ":" + strings.Repeat("v", 256): {strings.Repeat("k", 64), strings.Repeat("v", 256)},
	} {
		got, err := ParseLabel(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, says := range map[string]string{
		"": "KEY:VALUE", "team": "KEY:VALUE", ":blue": "1 to 64", "a\x00:b": "control", "a:\xff": "KEY:VALUE",
		strings.Repeat("k", 65) + ":": "64", "k:" + strings.Repeat("v", 257): "256",
	} {
		_, err := ParseLabel(text)
		if err == nil || !strings.HasPrefix(err.Error(), "label: ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error of label with %q", text, err, says)
		}
	}
}
