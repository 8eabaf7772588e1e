package webapp

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// Settings are what the app learns from its page. The app's half is src/settings.ts.
type Settings struct {
	// BasePath is where the app is served; it begins and ends with a slash.
	BasePath string `json:"basePath"`
	Title    string `json:"title"`
	ReadOnly bool   `json:"readOnly"`
	Version  string `json:"version"`
}

// Config is what the app's page depends on beside its files.
type Config struct {
	Settings Settings
	// Policy is the Content-Security-Policy of a page whose style elements carry the nonce.
	Policy func(styleNonce string) string
}

var errNoHead = errors.New("the app's index.html has no </head>: the settings have no place in it")

// page is index.html, cut where the settings go. Each answer has a nonce of its
// own: one that came twice could be known to whoever wants to slip a style in. So
// the page has no ETag, since a 304 would bring an old body under a new policy, or
// keep an old nonce in use for ever. It is a small file, and the only one sent anew
// each time.
type page struct {
	before, settings, after []byte
	policy                  func(styleNonce string) string
}

func newPage(html []byte, cfg Config) (page, error) {
	// The build names its files relative to the page ("./assets/..."), and a page is at any depth.
	// A base element would turn them too, and with them every "#fragment" in the app.
	html = bytes.ReplaceAll(html, []byte(`="./`), []byte(`="`+cfg.Settings.BasePath))
	head := bytes.Index(html, []byte("</head>"))
	if head < 0 {
		return page{}, errNoHead
	}
	settings, err := json.Marshal(cfg.Settings) // has <, > and & as \u003c and so on: nothing in it ends the element
	if err != nil {
		return page{}, err
	}
	return page{
		before:   append(bytes.Clone(html[:head]), `<script type="application/json" id="settings">`...),
		settings: bytes.TrimSuffix(settings, []byte("}")),
		after:    append([]byte(`"}</script>`), html[head:]...),
		policy:   cfg.Policy,
	}, nil
}

func (p page) serve(w http.ResponseWriter, r *http.Request) {
	nonce := rand.Text()
	body := bytes.Join([][]byte{p.before, p.settings, []byte(`,"styleNonce":"` + nonce), p.after}, nil)
	head := w.Header()
	head.Set("Content-Security-Policy", p.policy(nonce))
	head.Set("Cache-Control", alwaysAsk)
	head.Set("Content-Type", contentType(indexFile))
	head.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone; nobody is left to tell
	}
}
