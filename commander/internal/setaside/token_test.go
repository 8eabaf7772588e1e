package setaside

import (
	"strings"
	"testing"
)

// TestNoTokenIsShown: neither in a message as soldiers send it, nor in one that can't be read.
func TestNoTokenIsShown(t *testing.T) {
	const jwt = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJzIn0.c2VjcmV0"
	for _, body := range []string{
		`{"token":"opaque-secret"}`, `{"Token":"opaque-secret"}`, `{"\u0074oken":"opaque-secret"}`,
		`{"token":"` + jwt + `"}`, `{"inner":{"token":"` + jwt + `"}}`, `["` + jwt + `"]`, `{"token":"` + jwt + `", broken`,
	} {
		var m Message
		m.show([]byte(body))
		shown := string(m.Body) + string(m.BodyBase64)
		if strings.Contains(shown, "secret") || strings.Contains(shown, "c2VjcmV0") || !strings.Contains(shown, "(hidden)") {
			t.Errorf("of %s is shown %s", body, shown)
		}
	}
	var m Message
	m.show([]byte(`{"v":1,"n":"<a>"}`))
	if string(m.Body) != `{"v":1,"n":"<a>"}` {
		t.Errorf("shown: %s", m.Body)
	}
}
