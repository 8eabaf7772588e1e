package ours

import (
	"bytes"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// load posts missions.
type load struct {
	http fasthttp.Client
	urls []string
	next atomic.Uint64
	one  []byte
}

// newLoad posts to the commanders in turn.
func newLoad(urls []string) *load {
	return &load{urls: urls, one: []byte(`{"name":"noop","kind":"noop","payload":{"n":1}}`), http: fasthttp.Client{
		MaxConnsPerHost: 1024,
		// Paths and names of headers are as they should be, on both sides.
		DisablePathNormalizing: true, DisableHeaderNamesNormalizing: true, NoDefaultUserAgentHeader: true,
	}}
}

// url is the next commander's.
func (l *load) url() string { return l.urls[l.next.Add(1)%uint64(len(l.urls))] }

// single posts one mission and returns its id.
func (l *load) single() (string, error) {
	location, err := l.post("/missions", l.one)
	return string(location[bytes.LastIndexByte(location, '/')+1:]), err
}

// batch posts n missions at once, each as mission writes it.
func (l *load) batch(n int, mission func(i int) []byte) error {
	var body bytes.Buffer
	body.WriteString(`{"missions":[`)
	for i := range n {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(mission(i))
	}
	body.WriteString(`]}`)
	_, err := l.post("/missions/batch", body.Bytes())
	return err
}

// read reads one mission.
func (l *load) read(id string) error {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI(l.url() + "/missions/" + id)
	if err := l.http.Do(request, response); err != nil {
		return fmt.Errorf("reading a mission: %w", err)
	}
	if response.StatusCode() != http.StatusOK {
		return fmt.Errorf("reading a mission: HTTP %d: %s", response.StatusCode(), response.Body())
	}
	return nil
}

func (l *load) post(path string, body []byte) ([]byte, error) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI(l.url() + path)
	request.Header.SetMethod(http.MethodPost)
	request.Header.SetContentType("application/json")
	request.SetBodyRaw(body)
	if err := l.http.Do(request, response); err != nil {
		return nil, fmt.Errorf("posting to %s: %w", path, err)
	}
	if response.StatusCode() != http.StatusAccepted {
		return nil, fmt.Errorf("posting to %s: HTTP %d: %s", path, response.StatusCode(), response.Body())
	}
	return bytes.Clone(response.Header.Peek("Location")), nil
}
