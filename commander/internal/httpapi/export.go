package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/mission-control-dev/mission-control/commander/internal/bulk"
	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// exportMany is how many missions of an export are in memory: 16 MiB at most.
	exportMany = 32
	// exportStall is how long a client may take to read what was written, exportEnd how long once the server stops.
	exportStall = time.Minute
	exportEnd   = time.Second
	ndjson      = "application/x-ndjson"
)

// exportMissions streams all missions that fit, each on a line of its own.
func (s *Server) exportMissions(ctx context.Context, c *fiber.Ctx) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	e := &export{
		server: s, walk: bulk.NewWalk(s.deps.Store, q), conn: c.Context().Conn(),
		instance: "urn:uuid:" + identify(c),
	}
	// What fails before the first line is still a problem with its status.
	if err := e.more(ctx); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.Set(fiber.HeaderContentType, ndjson)
	c.Set(fiber.HeaderCacheControl, "no-store, no-transform")
	c.Set("X-Accel-Buffering", "no")
	if c.Method() == fiber.MethodHead {
		return nil
	}
	c.Context().SetBodyStream(e, -1)
	return nil
}

// export is the body of an answer, which is made as fast as the client reads it. Where it fails its last line says why, and it ends
// without the last chunk: so that what came is not taken for all.
type export struct {
	server   *Server
	walk     *bulk.Walk
	conn     net.Conn
	instance string

	ids    []string // listed, and not loaded yet
	ready  []byte   // lines that are not written yet
	failed bool
}

// Read implements io.Reader.
func (e *export) Read(p []byte) (int, error) {
	for len(e.ready) == 0 {
		if e.failed {
			return 0, io.ErrUnexpectedEOF
		}
		if err := e.next(); errors.Is(err, io.EOF) {
			return 0, io.EOF
		} else if err != nil {
			e.fail(err)
		}
	}
	n := copy(p, e.ready)
	e.ready = e.ready[n:]
	return n, e.server.exports.extend(e.conn)
}

// Close implements io.Closer: the answer has ended.
func (e *export) Close() error {
	e.server.exports.ended(e.conn)
	return nil
}

// next makes the next lines within the time of a request.
func (e *export) next() error {
	if e.server.isStopped() {
		return events.ErrStopped
	}
	ctx, cancel := context.WithTimeout(e.server.base, requestLimit)
	defer cancel()
	return e.more(ctx)
}

// more makes some lines, perhaps none: it looks at one page of the list at most, so that it takes no longer where few missions fit. It
// returns io.EOF where there are no more.
func (e *export) more(ctx context.Context) error {
	if len(e.ids) == 0 {
		if e.walk.Ended {
			return io.EOF
		}
		fit, _, err := e.walk.Next(ctx, contracts.MaxListLimit)
		if err != nil || len(fit) == 0 {
			return err
		}
		for _, m := range fit {
			e.ids = append(e.ids, m.MissionID)
		}
	}
	n := min(exportMany, len(e.ids))
	recs, err := e.server.deps.Store.Load(ctx, e.ids[:n]...)
	if err != nil {
		return fmt.Errorf("load %d missions: %w", n, err)
	}
	e.ids = e.ids[n:]
	return e.write(recs)
}

// write makes the lines of missions, but for those that were removed since they were listed.
func (e *export) write(recs []store.Record) (err error) {
	e.ready = e.ready[:0]
	for i := range recs {
		if recs[i].Mission.Version == 0 {
			continue
		}
		if e.ready, err = recs[i].Mission.AppendJSON(e.ready); err != nil {
			return err
		}
		e.ready = append(e.ready, '\n')
	}
	return nil
}

// fail makes the last line.
func (e *export) fail(err error) {
	e.failed = true
	line, encodeErr := encode(map[string]Problem{"error": refusalOf(err).ofReading().problem(e.instance)})
	if encodeErr == nil {
		e.ready = slices.Clone(line)
	}
}

// exports are the connections on which exports are under way. A stop must not wait for clients that read nothing.
type exports struct {
	mu       sync.Mutex
	conns    map[net.Conn]bool
	stopping bool
}

// extend gives a client its time for what is written next.
func (x *exports) extend(c net.Conn) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.conns == nil {
		x.conns = map[net.Conn]bool{}
	}
	x.conns[c] = true
	return x.allow(c)
}

func (x *exports) allow(c net.Conn) error {
	within := exportStall
	if x.stopping {
		within = exportEnd
	}
	return c.SetWriteDeadline(time.Now().Add(within))
}

func (x *exports) ended(c net.Conn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.conns, c)
}

// stop leaves all a moment for their last line.
func (x *exports) stop() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stopping = true
	for c := range x.conns {
		_ = x.allow(c) // it is closed: so much the better
	}
}
