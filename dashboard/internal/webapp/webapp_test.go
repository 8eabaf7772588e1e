package webapp

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

var script = strings.Repeat("console.log('mission control');\n", 100)

func app(t *testing.T) *Handler {
	t.Helper()
	return appWith(t, Settings{BasePath: "/"})
}

func appWith(t *testing.T, settings Settings) *Handler {
	t.Helper()
	h, err := New(fstest.MapFS{
		"index.html":                {Data: []byte(`<head><link href="./favicon.svg"><script src="./assets/index-abc123.js"></script></head><body>`)},
		"favicon.svg":               {Data: []byte("<svg/>" + strings.Repeat(" ", 200))},
		".gitkeep":                  {Data: []byte("marker")},
		"assets/index-abc123.js":    {Data: []byte(script)},
		"assets/index-abc123.js.br": {Data: []byte("packed by the build")},
		"assets/logo-abc123.webp":   {Data: []byte("RIFF")},
	}, Config{Settings: settings, Policy: func(nonce string) string { return "style-src 'nonce-" + nonce + "'" }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, path string, header http.Header) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestServe(t *testing.T) {
	const html, js, never = "text/html; charset=utf-8", "text/javascript; charset=utf-8", "no-cache"
	tests := []struct {
		path   string
		status int
		ctype  string
		cache  string
	}{
		{"/", 200, html, never},
		{"/index.html", 200, html, never},
		{"/missions", 200, html, never},
		{"/missions/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", 200, html, never},
		{"/fleet/", 200, html, never},
		{"/assets/index-abc123.js", 200, js, "public, max-age=31536000, immutable"},
		{"/favicon.svg", 200, "image/svg+xml", never},
		{"/assets/index-abc123.js.br", 404, "application/problem+json", "no-store"},
		{"/assets/index-old.js", 404, "application/problem+json", "no-store"},
		{"/assets/", 200, html, never},
		{"/assets/deep/link", 404, "application/problem+json", "no-store"},
		{"/robots.txt", 404, "application/problem+json", "no-store"},
		{"/.gitkeep", 404, "application/problem+json", "no-store"},
		{"/../../etc/passwd", 200, html, never},
	}
	h := app(t)
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			res := get(h, tt.path, nil)
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			if got := res.Header.Get("Content-Type"); got != tt.ctype {
				t.Errorf("content type %q, want %q", got, tt.ctype)
			}
			if got := res.Header.Get("Cache-Control"); got != tt.cache {
				t.Errorf("cache %q, want %q", got, tt.cache)
			}
		})
	}
}

func TestGzip(t *testing.T) {
	h := app(t)
	for accept, want := range map[string]bool{"gzip": true, "br;q=0, gzip;q=0.5": true, "": false, "gzip;q=0": false} {
		res := get(h, "/assets/index-abc123.js", http.Header{"Accept-Encoding": {accept}})
		var body io.Reader = res.Body
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("Accept-Encoding %q: compressed %v, want %v", accept, got, want)
			continue
		}
		if want {
			zr, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = zr
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != script {
			t.Errorf("Accept-Encoding %q: the script came changed", accept)
		}
		if res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: no Vary, caches would mix the forms", accept)
		}
	}
	if res := get(h, "/assets/logo-abc123.webp", http.Header{"Accept-Encoding": {"gzip"}}); res.Header.Get("Content-Encoding") != "" {
		t.Error("a picture was compressed again")
	}
}

func TestBrotliGoesFirst(t *testing.T) {
	res := get(app(t), "/assets/index-abc123.js", http.Header{"Accept-Encoding": {"gzip, deflate, br"}})
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.Header.Get("Content-Encoding") != "br" || string(body) != "packed by the build" || res.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("%v %q", res.Header, body)
	}
	if got := res.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
}

var settingsBlock = regexp.MustCompile(`<script type="application/json" id="settings">(.*?)</script></head>`)

func TestThePageBringsItsSettings(t *testing.T) {
	want := Settings{BasePath: "/mc/", Title: `</script><script>alert("&")</script>`, ReadOnly: true, Version: "v1"}
	h := appWith(t, want)
	nonces := map[string]bool{}
	for range 2 {
		res := get(h, "/missions/1", http.Header{"If-None-Match": {"*"}})
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		block := settingsBlock.FindSubmatch(body)
		if block == nil {
			t.Fatalf("no settings in %s", body)
		}
		var got struct {
			Settings
			StyleNonce string `json:"styleNonce"`
		}
		if err := json.Unmarshal(block[1], &got); err != nil {
			t.Fatalf("%v: %s", err, block[1])
		}
		if got.Settings != want {
			t.Errorf("settings %+v, want %+v", got.Settings, want)
		}
		if !strings.Contains(string(body), `href="/mc/favicon.svg"`) || !strings.Contains(string(body), `src="/mc/assets/index-abc123.js"`) {
			t.Errorf("the files are not under the base path: %s", body)
		}
		if policy := res.Header.Get("Content-Security-Policy"); policy != "style-src 'nonce-"+got.StyleNonce+"'" {
			t.Errorf("policy %q, nonce in the page %q", policy, got.StyleNonce)
		}
		if res.StatusCode != http.StatusOK || res.Header.Get("ETag") != "" {
			t.Errorf("status %d, ETag %q: a page with a nonce can't be answered from a cache", res.StatusCode, res.Header.Get("ETag"))
		}
		nonces[got.StyleNonce] = true
	}
	if len(nonces) != 2 {
		t.Errorf("two answers with one nonce: %v", nonces)
	}
}

func TestNotModified(t *testing.T) {
	const file = "/favicon.svg"
	h := app(t)
	for _, encoding := range []string{"", "gzip"} {
		header := http.Header{"Accept-Encoding": {encoding}}
		etag := get(h, file, header).Header.Get("ETag")
		if etag == "" {
			t.Fatal("no ETag")
		}
		for match, want := range map[string]int{etag: 304, "W/" + etag: 304, `"other", ` + etag: 304, "*": 304, `"other"`: 200} {
			header.Set("If-None-Match", match)
			if res := get(h, file, header); res.StatusCode != want {
				t.Errorf("encoding %q, If-None-Match %s: status %d, want %d", encoding, match, res.StatusCode, want)
			}
		}
	}
}

func TestOtherMethods(t *testing.T) {
	for name, h := range map[string]http.Handler{"app": app(t), "placeholder": Placeholder([]byte("build it"))} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/missions", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: POST gives %d, Allow %q", name, w.Code, w.Header().Get("Allow"))
		}
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/missions", nil))
		if w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
			t.Errorf("%s: HEAD gives a body of %d and Content-Length %q", name, w.Body.Len(), w.Header().Get("Content-Length"))
		}
	}
}

func TestNewNeedsIndex(t *testing.T) {
	if _, err := New(fstest.MapFS{"assets/x.js": {}}, Config{}); !errors.Is(err, ErrNoIndex) {
		t.Errorf("error %v, want ErrNoIndex", err)
	}
	if _, err := New(fstest.MapFS{"index.html": {Data: []byte("<title>no place for the settings</title>")}}, Config{}); !errors.Is(err, errNoHead) {
		t.Errorf("error %v, want errNoHead", err)
	}
}
