package live

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

const (
	// drawEvery bounds how often the screen is drawn.
	drawEvery = 250 * time.Millisecond
	// idleEvery is how often it is drawn though nothing came: times go on.
	idleEvery = time.Second
	// listAgain is the wait after a list that failed.
	listAgain = 2 * time.Second
)

// Source is where the data comes from.
type Source struct {
	// URL is for people.
	URL string
	// Events is one stream, resumed.
	Events func(context.Context) iter.Seq2[client.Event, error]
	// List returns what runs and what ended last, in any order.
	List func(context.Context) ([]contracts.Mission, error)
}

// Screen is a terminal.
type Screen interface {
	// Size is how many cells it has now.
	Size() (width, height int)
	// Draw shows lines from the top, and nothing else.
	Draw([]Line) error
	// Keys has what is typed, in raw bytes. It may be closed.
	Keys() <-chan byte
}

// End is how a person ended the view.
type End int

// The ends.
const (
	Quit        End = iota // q
	Interrupted            // Ctrl-C
)

// Run shows what src tells until somebody quits, ctx ends, or the commander refuses for good.
func Run(ctx context.Context, src Source, f Filter, screen Screen) (End, error) {
	ctx, cancel := context.WithCancel(ctx)
	v := view{src: src, screen: screen, model: NewModel(f, time.Now()), listed: make(chan listing, 1)}
	events, followed := follow(ctx, src)
	defer func() {
		cancel()
		<-followed
		if v.listing {
			<-v.listed
		}
	}()
	return v.run(ctx, events)
}

// view is one Run.
type view struct {
	src    Source
	screen Screen
	model  *Model
	shown  Picture
	paused bool
	// dirty: something came since the last Draw, at drawn.
	dirty bool
	drawn time.Time

	// listing: a list is on its way to listed. Another one is wanted where wanted is set, no sooner than listAt.
	listing, wanted bool
	listAt          time.Time
	listed          chan listing
}

type listing struct {
	missions []contracts.Mission
	err      error
}

type told struct {
	event client.Event
	err   error
}

// follow hands the events on; the second channel is closed when it has ended.
func follow(ctx context.Context, src Source) (<-chan told, <-chan struct{}) {
	out, done := make(chan told), make(chan struct{})
	go func() {
		defer close(done)
		for e, err := range src.Events(ctx) {
			select {
			case out <- told{e, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, done
}

func (v *view) run(ctx context.Context, events <-chan told) (End, error) {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	if err := v.draw(time.Now()); err != nil {
		return Quit, err
	}
	keys := v.screen.Keys()
	for {
		select {
		case e := <-events:
			if e.err != nil {
				return Quit, e.err
			}
			list, err := v.model.Take(e.event, time.Now())
			if err != nil {
				return Quit, err
			}
			v.wanted, v.dirty = v.wanted || list, true
		case l := <-v.listed:
			if err := v.take(l, time.Now()); err != nil {
				return Quit, err
			}
		case key, open := <-keys:
			switch {
			case !open:
				keys = nil
			case key == 'q' || key == 'Q':
				return Quit, nil
			case key == 0x03: // Ctrl-C, which is no signal on a raw terminal
				return Interrupted, nil
			case key == 'p' || key == 'P' || key == ' ':
				v.paused, v.dirty = !v.paused, true
			}
		case now := <-tick.C:
			if v.dirty || now.Sub(v.drawn) >= idleEvery {
				if err := v.draw(now); err != nil {
					return Quit, err
				}
			}
		case <-ctx.Done():
			return Quit, context.Cause(ctx)
		}
		v.list(ctx, time.Now())
	}
}

// take takes a list. One that failed is asked for again, unless it never can be had.
func (v *view) take(l listing, now time.Time) error {
	v.listing = false
	switch {
	case l.err == nil:
		slices.SortFunc(l.missions, func(a, b contracts.Mission) int { return a.UpdatedAt.Compare(b.UpdatedAt.Time) })
		v.model.TakeList(l.missions)
		v.dirty = true
	case !client.Temporary(l.err):
		return l.err
	default:
		v.wanted, v.listAt = true, now.Add(listAgain)
	}
	return nil
}

// list asks for a list where one is wanted. It asks for one at a time.
func (v *view) list(ctx context.Context, now time.Time) {
	if !v.wanted || v.listing || now.Before(v.listAt) {
		return
	}
	v.wanted, v.listing = false, true
	go func() {
		missions, err := v.src.List(ctx)
		v.listed <- listing{missions, err}
	}()
}

// draw shows the model, or, while it is paused, the picture that was shown when it was.
func (v *view) draw(now time.Time) error {
	if !v.paused || !v.shown.Paused {
		v.shown = v.model.Picture(v.src.URL, now)
		v.shown.Paused = v.paused
	}
	v.dirty, v.drawn = false, now
	width, height := v.screen.Size()
	return v.screen.Draw(View(v.shown, width, height))
}
