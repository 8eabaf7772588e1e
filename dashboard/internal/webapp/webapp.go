// Package webapp serves the built app from memory.
//
// Files under assets/ carry a hash of their content in their name and may be
// kept for ever; others are asked for anew each time and answered with 304 while
// unchanged. A path that is no file is a place inside the app (a deep link), so it
// gets index.html, which carries the settings and is made for each answer; a path
// that looks like a file and is none gets 404, lest a browser run a page as a
// script. The build leaves each text compressed with brotli beside it (x.js.br);
// gzip, for those who don't take that, is done once when the handler is made.
package webapp

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/mission-control-dev/mission-control/dashboard/internal/coding"
	"github.com/mission-control-dev/mission-control/dashboard/internal/problem"
)

// ErrNoIndex says that the app has no index.html, so it is no built app.
var ErrNoIndex = errors.New("the app has no index.html")

const (
	indexFile    = "index.html"
	forever      = "public, max-age=31536000, immutable"
	alwaysAsk    = "no-cache"
	hashedFolder = "assets/"
	brotliSuffix = ".br"
)

type file struct {
	body         []byte
	gzipped      []byte // nil where compressing gains nothing
	brotli       []byte // nil where the build made none
	etag         string // of the plain body, without quotes
	contentType  string
	cacheControl string
}

// Handler serves one app. It is safe for concurrent use.
// Requests reach it with the base path stripped.
type Handler struct {
	page  page
	files map[string]file
}

// New reads the whole app into memory. Files whose name starts with a dot are left out.
func New(app fs.FS, cfg Config) (*Handler, error) {
	files := map[string]file{}
	err := fs.WalkDir(app, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		body, err := fs.ReadFile(app, name)
		if err != nil {
			return err
		}
		f, err := prepare(name, body)
		if err != nil {
			return err
		}
		files[name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the built app: %w", err)
	}
	index, ok := files[indexFile]
	if !ok {
		return nil, ErrNoIndex
	}
	delete(files, indexFile)
	for name, f := range files {
		if packed, ok := files[name+brotliSuffix]; ok {
			f.brotli = packed.body
			files[name] = f
		}
	}
	maps.DeleteFunc(files, func(name string, _ file) bool { return strings.HasSuffix(name, brotliSuffix) })
	page, err := newPage(index.body, cfg)
	if err != nil {
		return nil, err
	}
	return &Handler{page: page, files: files}, nil
}

func prepare(name string, body []byte) (file, error) {
	sum := sha256.Sum256(body)
	f := file{
		body:         body,
		etag:         hex.EncodeToString(sum[:16]),
		contentType:  contentType(name),
		cacheControl: alwaysAsk,
	}
	if strings.HasPrefix(name, hashedFolder) {
		f.cacheControl = forever
	}
	if !compressible(f.contentType) {
		return f, nil
	}
	var packed bytes.Buffer
	zw, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return file{}, err
	}
	if _, err := zw.Write(body); err != nil {
		return file{}, err
	}
	if err := zw.Close(); err != nil {
		return file{}, err
	}
	if packed.Len() < len(body) {
		f.gzipped = packed.Bytes()
	}
	return f, nil
}

// contentType does not ask the machine's MIME tables: they differ, and a wrong
// type for a script breaks the page under nosniff.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".woff2":
		return "font/woff2"
	case ".png":
		return "image/png"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

func compressible(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") ||
		strings.HasPrefix(contentType, "image/svg") ||
		strings.HasPrefix(contentType, "application/json") ||
		strings.HasPrefix(contentType, "application/manifest")
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !onlyRead(w, r) {
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	f, ok := h.files[name]
	if !ok {
		if name != indexFile && (strings.HasPrefix(name, hashedFolder) || path.Ext(name) != "") {
			problem.Write(w, problem.Problem{
				Status: http.StatusNotFound,
				Code:   problem.CodeNotFound,
				Detail: "The dashboard has no such file. If the page is from before an update, reload it.",
			})
			return
		}
		h.page.serve(w, r)
		return
	}
	f.serve(w, r)
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	body, etag := f.body, f.etag
	head := w.Header()
	head.Set("Cache-Control", f.cacheControl)
	if f.gzipped != nil || f.brotli != nil {
		head.Set("Vary", "Accept-Encoding")
	}
	if f.brotli != nil && coding.Accepted(r.Header, coding.Brotli) {
		body, etag = f.brotli, f.etag+"-br"
		head.Set("Content-Encoding", coding.Brotli)
	} else if f.gzipped != nil && coding.Accepted(r.Header, coding.Gzip) {
		body, etag = f.gzipped, f.etag+"-gzip"
		head.Set("Content-Encoding", coding.Gzip)
	}
	etag = `"` + etag + `"`
	head.Set("ETag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		head.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Type", f.contentType)
	head.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone; nobody is left to tell
	}
}

func matches(ifNoneMatch, etag string) bool {
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}

func onlyRead(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	problem.Write(w, problem.Problem{
		Status: http.StatusMethodNotAllowed,
		Code:   problem.CodeMethodNotAllowed,
		Detail: "Pages can only be read. The commander's API is under /api.",
	})
	return false
}
