package coding

import (
	"net/http"
	"testing"
)

func TestAccepted(t *testing.T) {
	for header, want := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "GZip; Q=1": true, "br,gzip": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.0, br": false, "x-gzip": false, "gzip;q=much": false, "*": false,
	} {
		if got := Accepted(http.Header{"Accept-Encoding": {header}}, Gzip); got != want {
			t.Errorf("Accept-Encoding %q: %v, want %v", header, got, want)
		}
	}
	if !Accepted(http.Header{"Accept-Encoding": {"br", "gzip"}}, Gzip) {
		t.Error("the second of two headers does not count")
	}
}
