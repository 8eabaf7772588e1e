package guard

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name   string
		method string
		host   string
		origin string // empty sends none
		code   string // empty passes
	}{
		{"localhost", "GET", "localhost:3000", "", ""},
		{"localhost in capitals", "GET", "LocalHost:3000", "", ""},
		{"loopback without port", "GET", "127.0.0.1", "", ""},
		{"ipv6 loopback", "GET", "[::1]:3000", "", ""},
		{"ipv6 loopback without port", "GET", "[::1]", "", ""},
		{"an added name", "GET", "ops.example", "", ""},
		{"a foreign name", "GET", "evil.example", "", "host_not_allowed"},
		{"a name that begins like ours", "GET", "localhost.evil.example:3000", "", "host_not_allowed"},
		{"no name", "GET", "", "", "host_not_allowed"},
		{"a read from elsewhere", "GET", "localhost:3000", "https://evil.example", ""},
		{"a write from our page", "POST", "localhost:3000", "http://localhost:3000", ""},
		{"a write from the page of another port", "POST", "localhost:3000", "http://127.0.0.1:5173", ""},
		{"a write from no page", "POST", "localhost:3000", "", ""},
		{"a write from elsewhere", "POST", "localhost:3000", "https://evil.example", "origin_not_allowed"},
		{"a write from an opaque page", "POST", "localhost:3000", "null", "origin_not_allowed"},
		{"a write from a file", "DELETE", "localhost:3000", "file://localhost", "origin_not_allowed"},
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	guarded := New([]string{"ops.example"}).Wrap(next)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/api/missions", nil)
			r.Host = tt.host
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			w := httptest.NewRecorder()
			guarded.ServeHTTP(w, r)
			if tt.code == "" {
				if w.Code != http.StatusNoContent {
					t.Fatalf("status %d, want it to pass", w.Code)
				}
				return
			}
			var problem struct {
				Status int    `json:"status"`
				Code   string `json:"code"`
				Detail string `json:"detail"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
				t.Fatal(err)
			}
			if w.Code != http.StatusForbidden || problem.Status != w.Code || problem.Code != tt.code || problem.Detail == "" {
				t.Errorf("status %d, problem %+v; want 403 %s", w.Code, problem, tt.code)
			}
		})
	}
}
