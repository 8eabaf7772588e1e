// Package coding tells which content codings a client takes.
package coding

import (
	"net/http"
	"strconv"
	"strings"
)

// The codings that this server knows, as they are named in headers.
const (
	Brotli = "br"
	Gzip   = "gzip"
)

// Accepted tells whether the client that sent h named the coding and did not refuse it (q=0).
// The wildcard counts as no name: what every client of ours takes, it also names.
func Accepted(h http.Header, name string) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), name) {
			continue
		}
		q, found := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(params, " ", "")), "q=")
		if !found {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}
