package proxy

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync"

	"github.com/mission-control-dev/mission-control/dashboard/internal/coding"
)

// worthIt is the least length that is compressed: less fits one packet as it is.
const worthIt = 1400

// compressor packs with gzip's fastest level, which gets most of what there is to
// get from lists of missions. A packer is large, so they are used again.
type compressor struct {
	packers sync.Pool // of *gzip.Writer
}

func newCompressor() *compressor {
	return &compressor{sync.Pool{New: func() any {
		zw, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil { // the level is a constant: can't fail
			panic(err)
		}
		return zw
	}}}
}

// modify packs JSON for a client that takes gzip, as it comes from the commander.
// Event streams are no JSON and stay as they are: each event must leave at once.
func (c *compressor) modify(res *http.Response) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if kind != "application/json" && kind != "application/problem+json" {
		return nil
	}
	res.Header.Add("Vary", "Accept-Encoding")
	small := res.ContentLength >= 0 && res.ContentLength < worthIt
	if small || res.Request.Method == http.MethodHead || res.Header.Get("Content-Encoding") != "" ||
		!coding.Accepted(res.Request.Header, coding.Gzip) {
		return nil
	}
	res.Header.Set("Content-Encoding", coding.Gzip)
	res.Header.Del("Content-Length")
	res.ContentLength = -1
	res.Body = c.packed(res.Body)
	return nil
}

// packed is the plain body, compressed while it is read. Close ends both.
func (c *compressor) packed(plain io.ReadCloser) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		zw := c.packers.Get().(*gzip.Writer)
		defer c.packers.Put(zw)
		out := bufio.NewWriterSize(w, 16<<10) // each write to w is flushed to the client
		zw.Reset(out)
		_, err := io.Copy(zw, plain)
		if err == nil {
			err = errors.Join(zw.Close(), out.Flush())
		}
		_ = w.CloseWithError(err) // a cut answer must look cut; with nil it ends as usual
	}()
	return packedBody{r, plain}
}

type packedBody struct {
	*io.PipeReader
	plain io.Closer
}

func (p packedBody) Close() error {
	_ = p.PipeReader.Close() // never fails
	return p.plain.Close()
}
