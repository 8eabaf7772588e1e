package webapp

import (
	"net/http"
	"strconv"
)

// Placeholder answers every page with the given one and status 503: the server
// runs, the dashboard does not exist yet. It is never cached.
func Placeholder(page []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !onlyRead(w, r) {
			return
		}
		head := w.Header()
		head.Set("Content-Type", "text/html; charset=utf-8")
		head.Set("Content-Length", strconv.Itoa(len(page)))
		head.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		if r.Method != http.MethodHead {
			_, _ = w.Write(page) // the client may be gone; nobody is left to tell
		}
	})
}
