// Package problem writes the errors of this server in the form that the
// commander's API uses too (RFC 9457), so that the app reads one shape only.
package problem

import (
	"encoding/json"
	"net/http"
)

// Codes never change their meaning; the app and people's scripts rely on them.
const (
	CodeHostNotAllowed       = "host_not_allowed"
	CodeOriginNotAllowed     = "origin_not_allowed"
	CodeCommanderUnreachable = "commander_unreachable"
	CodeMethodNotAllowed     = "method_not_allowed"
	CodeNotFound             = "not_found"
	CodeBadRequest           = "bad_request"
	CodeReadOnly             = "read_only"
)

// Problem is one error. Detail is a sentence that tells the reader what to do.
type Problem struct {
	Status int
	Code   string
	Detail string
}

type body struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

// Write answers with p. It is never cached.
func Write(w http.ResponseWriter, p Problem) {
	answer, err := json.Marshal(body{
		Type:   "about:blank",
		Title:  http.StatusText(p.Status),
		Status: p.Status,
		Detail: p.Detail,
		Code:   p.Code,
	})
	if err != nil { // five strings and a number: can't fail
		http.Error(w, http.StatusText(p.Status), p.Status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(answer, '\n')) // the client may be gone; nobody is left to tell
}
